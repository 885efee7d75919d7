// SPDX-License-Identifier: Apache-2.0
// Between C++ types and Value; the generated structs are built on it. Reading is lenient: a value of the
// wrong type leaves its target as it is, because protocols and validation have refused such requests before.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wire/value.h"

namespace coffer::wire {

inline Value to_value(bool value) {
  return Value(value);
}
inline Value to_value(int32_t value) {
  return Value(int64_t{value});
}
inline Value to_value(int64_t value) {
  return Value(value);
}
inline Value to_value(double value) {
  return Value(value);
}
inline Value to_value(const std::string& value) {
  return Value(value);
}
inline Value to_value(const Bytes& value) {
  return Value(value);
}
inline Value to_value(Timestamp value) {
  return Value(value);
}
template <class T>
Value to_value(const std::vector<T>& list);
template <class T>
Value to_value(const std::map<std::string, T>& map);

inline void from_value(const Value& value, bool& out) {
  if (const auto* held = value.as<bool>()) out = *held;
}
inline void from_value(const Value& value, int64_t& out) {
  if (const auto* held = value.as<int64_t>()) out = *held;
}
inline void from_value(const Value& value, int32_t& out) {
  if (const auto* held = value.as<int64_t>()) out = static_cast<int32_t>(*held);
}
inline void from_value(const Value& value, double& out) {
  if (const auto* held = value.as<double>()) out = *held;
}
inline void from_value(const Value& value, std::string& out) {
  if (const auto* held = value.as<std::string>()) out = *held;
}
inline void from_value(const Value& value, Bytes& out) {
  if (const auto* held = value.as<Bytes>()) out = *held;
}
inline void from_value(const Value& value, Timestamp& out) {
  if (const auto* held = value.as<Timestamp>()) out = *held;
}
template <class T>
void from_value(const Value& value, std::vector<T>& out);
template <class T>
void from_value(const Value& value, std::map<std::string, T>& out);

template <class T>
Value to_value(const std::vector<T>& list) {
  List values;
  values.reserve(list.size());
  for (const auto& element : list) values.push_back(to_value(element));
  return Value(std::move(values));
}

template <class T>
Value to_value(const std::map<std::string, T>& map) {
  Members members;
  members.reserve(map.size());
  for (const auto& [key, element] : map) members.emplace_back(key, to_value(element));
  return Value(std::move(members));
}

template <class T>
void from_value(const Value& value, std::vector<T>& out) {
  const auto* list = value.as<List>();
  if (list == nullptr) return;
  out.clear();
  out.reserve(list->size());
  for (const auto& element : *list) from_value(element, out.emplace_back());
}

template <class T>
void from_value(const Value& value, std::map<std::string, T>& out) {
  const auto* members = value.as<Members>();
  if (members == nullptr) return;
  out.clear();
  for (const auto& [key, element] : *members) from_value(element, out[key]);
}

// One member of a structure: written when it is present, read when it is there.
template <class T>
void put(Members& members, const char* name, const T& value) {
  members.emplace_back(name, to_value(value));
}
template <class T>
void put(Members& members, const char* name, const std::optional<T>& value) {
  if (value) members.emplace_back(name, to_value(*value));
}
template <class T>
void take(const Value& structure, const char* name, T& out) {
  if (const auto* value = structure.member(name)) from_value(*value, out);
}
template <class T>
void take(const Value& structure, const char* name, std::optional<T>& out) {
  out.reset();
  if (const auto* value = structure.member(name); value != nullptr && !value->absent())
    from_value(*value, out.emplace());
}

}  // namespace coffer::wire
