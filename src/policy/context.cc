// SPDX-License-Identifier: Apache-2.0
#include "policy/context.h"

#include <algorithm>

#include "policy/match.h"

namespace coffer::policy {
namespace {

constexpr size_t kUsualKeys = 32, kUsualText = 1000;

}  // namespace

Context::Place Context::append(std::string_view text) {
  const Place place{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(text.size())};
  text_.append(text);
  return place;
}

const Context::Key* Context::find_key(std::string_view lower_case_key) const {
  for (const Key& key : keys_)
    if (key.name.size == lower_case_key.size() && text_of(key.name) == lower_case_key) return &key;
  return nullptr;
}

Context::Key& Context::key_named(std::string_view key) {
  if (keys_.empty()) {
    keys_.reserve(kUsualKeys);
    items_.reserve(kUsualKeys);
    text_.reserve(kUsualText);
  }
  const Place name = append(key);
  for (size_t i = name.at; i < text_.size(); ++i) text_[i] = lower(text_[i]);
  if (const Key* known = find_key(text_of(name))) {
    text_.resize(name.at);
    return keys_[static_cast<size_t>(known - keys_.data())];
  }
  keys_.push_back({name, kNoItem});
  return keys_.back();
}

void Context::add_to(Key& key, std::string_view value) {
  const auto added = static_cast<uint32_t>(items_.size());
  items_.push_back({append(value), kNoItem});
  uint32_t* end = &key.first_value;
  while (*end != kNoItem) end = &items_[*end].next;
  *end = added;
}

void Context::set(std::string_view key, const Values& values) {
  Key& known = key_named(key);
  known.first_value = kNoItem;
  for (const std::string& value : values) add_to(known, value);
}

void Context::set(std::string_view key, std::string_view value) {
  Key& known = key_named(key);
  known.first_value = kNoItem;
  add_to(known, value);
}

void Context::add(std::string_view key, std::string_view value) {
  add_to(key_named(key), value);
}

void Context::set_all(const Context& other) {
  for (const Key& theirs : other.keys_) {
    Key& known = key_named(other.text_of(theirs.name));
    known.first_value = kNoItem;
    for (const std::string_view value : ValueRange(&other, theirs.first_value)) add_to(known, value);
  }
}

std::optional<Context::ValueRange> Context::find(std::string_view lower_case_key) const {
  const Key* key = find_key(lower_case_key);
  if (key == nullptr) return std::nullopt;
  return ValueRange(this, key->first_value);
}

std::vector<std::pair<std::string, Context::Values>> Context::entries() const {
  std::vector<std::pair<std::string, Values>> all;
  for (const Key& key : keys_)
    all.emplace_back(text_of(key.name), ValueRange(this, key.first_value).copies());
  std::sort(all.begin(), all.end());
  return all;
}

std::optional<std::string_view> Context::ValueRange::only() const {
  if (first_ == kNoItem || context_->items_[first_].next != kNoItem) return std::nullopt;
  return *begin();
}

Context::Values Context::ValueRange::copies() const {
  Values values;
  for (const std::string_view value : *this) values.emplace_back(value);
  return values;
}

const Context& LazyContext::get() const {
  if (filled_ == nullptr) {
    fill_(own_);
    filled_ = &own_;
  }
  return *filled_;
}

}  // namespace coffer::policy
