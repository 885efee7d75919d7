// SPDX-License-Identifier: Apache-2.0
#include "policy/context.h"

#include <algorithm>

#include "policy/match.h"

namespace coffer::policy {
namespace {

template <class Entries>
auto lower_bound(Entries& entries, std::string_view key) {
  return std::lower_bound(entries.begin(), entries.end(), key,
                          [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
}

}  // namespace

Context::Values& Context::at(std::string_view key) {
  std::string name = to_lower(key);
  auto place = lower_bound(entries_, name);
  if (place == entries_.end() || place->first != name)
    place = entries_.insert(place, {std::move(name), Values()});
  return place->second;
}

void Context::set(std::string_view key, Values values) {
  at(key) = std::move(values);
}

void Context::set(std::string_view key, std::string value) {
  Values values;
  values.push_back(std::move(value));
  at(key) = std::move(values);
}

void Context::add(std::string_view key, std::string value) {
  at(key).push_back(std::move(value));
}

const Context::Values* Context::find(std::string_view lower_case_key) const {
  const auto place = lower_bound(entries_, lower_case_key);
  return place == entries_.end() || place->first != lower_case_key ? nullptr : &place->second;
}

const Context& LazyContext::get() const {
  if (filled_ == nullptr) {
    fill_(own_);
    filled_ = &own_;
  }
  return *filled_;
}

}  // namespace coffer::policy
