// SPDX-License-Identifier: Apache-2.0
// A protocol-neutral document: what every wire protocol parses to and serialises from, guided by the tables
// that the generator makes from AWS's service models. Between the protocols and the generated structs stands
// only this.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace coffer::wire {

class Value;
using List = std::vector<Value>;
using Members = std::vector<std::pair<std::string, Value>>;  // of a structure or map, in order

class Value {
 public:
  Value() = default;  // absent
  explicit Value(bool value) : data_(value) {}
  explicit Value(int64_t value) : data_(value) {}
  explicit Value(double value) : data_(value) {}
  explicit Value(std::string value) : data_(std::move(value)) {}
  explicit Value(Bytes value) : data_(std::move(value)) {}
  explicit Value(Timestamp value) : data_(value) {}
  explicit Value(List value) : data_(std::move(value)) {}
  explicit Value(Members value) : data_(std::move(value)) {}

  bool absent() const { return std::holds_alternative<std::monostate>(data_); }
  template <class T>
  const T* as() const {
    return std::get_if<T>(&data_);
  }
  template <class T>
  T* as() {
    return std::get_if<T>(&data_);
  }

  // The member of that name, or nothing when absent (or when this is no structure).
  const Value* member(std::string_view name) const {
    if (const auto* members = as<Members>())
      for (const auto& [key, value] : *members)
        if (key == name) return &value;
    return nullptr;
  }

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Bytes, Timestamp, List, Members> data_;
};

}  // namespace coffer::wire
