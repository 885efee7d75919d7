// SPDX-License-Identifier: Apache-2.0
// What is known of a request besides principal, action and resource: condition keys and their values. Names
// of keys are compared without regard to case, and a key may have several values, none, or be absent. Source:
// IAM User Guide, "IAM JSON policy elements: Condition" (the request context). Values are texts: numbers in
// decimals, dates as ISO 8601 or seconds since 1970, "true" or "false", addresses; a binary value is its
// bytes. Not thread-safe while it is filled.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::policy {

class Context {
 public:
  using Values = std::vector<std::string>;

  // One key's values where the context has them; valid until it is changed.
  class ValueRange {
   public:
    class Iterator {
     public:
      Iterator(const Context* context, uint32_t item) : context_(context), item_(item) {}
      std::string_view operator*() const { return context_->text_of(context_->items_[item_].value); }
      Iterator& operator++() {
        item_ = context_->items_[item_].next;
        return *this;
      }
      bool operator==(const Iterator& other) const { return item_ == other.item_; }

     private:
      const Context* context_;
      uint32_t item_;
    };
    ValueRange(const Context* context, uint32_t first) : context_(context), first_(first) {}
    Iterator begin() const { return {context_, first_}; }
    Iterator end() const { return {context_, kNoItem}; }
    // Empty unless there is exactly one.
    std::optional<std::string_view> only() const;
    Values copies() const;

   private:
    const Context* context_;
    uint32_t first_;
  };

  // The key's values from now on; an empty list is a key without a value, not an absent one.
  void set(std::string_view key, const Values& values);
  void set(std::string_view key, std::string_view value);
  // One more value, also of a key that differs in case alone (two tags "ec2" and "EC2").
  void add(std::string_view key, std::string_view value);
  // The keys of `other` with their values from now on.
  void set_all(const Context& other);

  // Nothing when the key is absent. `lower_case_key` as policy::to_lower gives it.
  std::optional<ValueRange> find(std::string_view lower_case_key) const;

  // All of them, by key in lower case: to be shown.
  std::vector<std::pair<std::string, Values>> entries() const;

 private:
  // All texts stand in `text_`, one after the other: a request has some 25 keys, and a place of its own for
  // each key, each list and each value would cost more than to evaluate the policies.
  struct Place {
    uint32_t at = 0, size = 0;
  };
  static constexpr uint32_t kNoItem = UINT32_MAX;
  struct Key {
    Place name;  // in lower case
    uint32_t first_value = kNoItem;
  };
  struct Item {
    Place value;
    uint32_t next = kNoItem;  // of the same key
  };

  std::string_view text_of(Place place) const { return std::string_view(text_).substr(place.at, place.size); }
  Place append(std::string_view text);
  const Key* find_key(std::string_view lower_case_key) const;
  Key& key_named(std::string_view key);
  void add_to(Key& key, std::string_view value);

  std::string text_;
  std::vector<Key> keys_;  // in the order in which they were first set
  std::vector<Item> items_;
};

// A request's context that is filled when a policy first asks for it. Most policies have neither conditions
// nor variables, and to gather what they might ask for takes longer than to evaluate them. For one thread.
class LazyContext {
 public:
  LazyContext(const Context& filled) : filled_(&filled) {}  // which outlives this
  LazyContext(const Context&&) = delete;
  explicit LazyContext(std::function<void(Context&)> fill) : fill_(std::move(fill)) {}
  LazyContext(const LazyContext&) = delete;
  LazyContext& operator=(const LazyContext&) = delete;

  const Context& get() const;

 private:
  std::function<void(Context&)> fill_;
  mutable Context own_;
  mutable const Context* filled_ = nullptr;
};

}  // namespace coffer::policy
