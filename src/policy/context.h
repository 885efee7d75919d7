// SPDX-License-Identifier: Apache-2.0
// What is known of a request besides principal, action and resource: condition keys and their values. Names
// of keys are compared without regard to case, and a key may have several values, none, or be absent. Source:
// IAM User Guide, "IAM JSON policy elements: Condition" (the request context). Values are texts: numbers in
// decimals, dates as ISO 8601 or seconds since 1970, "true" or "false", addresses; a binary value is its
// bytes. Not thread-safe while it is filled.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::policy {

class Context {
 public:
  using Values = std::vector<std::string>;

  // The key's values from now on; an empty list is a key without a value, not an absent one.
  void set(std::string_view key, Values values);
  void set(std::string_view key, std::string value);
  // One more value, also of a key that differs in case alone (two tags "ec2" and "EC2").
  void add(std::string_view key, std::string value);

  // nullptr when the key is absent. `lower_case_key` as policy::to_lower gives it.
  const Values* find(std::string_view lower_case_key) const;

  const std::vector<std::pair<std::string, Values>>& entries() const { return entries_; }  // by key

 private:
  Values& at(std::string_view key);
  std::vector<std::pair<std::string, Values>> entries_;  // by lower-case key
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
