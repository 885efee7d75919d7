// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace coffer {
namespace {
using UuidBytes = std::array<uint8_t, 16>;

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

std::string uuid_text(UuidBytes bytes, uint8_t version) {
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | version << 4);
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(digits[bytes[i] >> 4]);
    text.push_back(digits[bytes[i] & 15]);
  }
  return text;
}

}  // namespace

std::string make_uuid(Random& random) {
  UuidBytes bytes{};
  random.fill(bytes);
  return uuid_text(bytes, 4);
}

std::string make_time_ordered_uuid(Random& random, Timestamp time) {
  UuidBytes bytes{};
  random.fill(bytes);
  const auto milliseconds = static_cast<uint64_t>(time.microseconds / 1000);
  for (size_t i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(milliseconds >> (8 * (5 - i)));
  return uuid_text(bytes, 7);
}

std::string make_multi_region_key_id(Random& random) {
  std::array<uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return "mrk-" + hex(bytes);
}

bool is_multi_region_key_id(std::string_view text) {
  return text.size() == 36 && text.starts_with("mrk-") &&
         std::all_of(text.begin() + 4, text.end(), is_lower_hex);
}

bool is_key_id(std::string_view text) {
  return is_uuid(text) || is_multi_region_key_id(text);
}

std::string make_resource_id(Random& random, std::string_view kind) {
  std::array<uint8_t, 8> bytes{};
  random.fill(bytes);
  return std::string(kind) + "-0" + hex(bytes);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_lower_hex(text[i])) return false;
  }
  return true;
}

bool is_resource_id(std::string_view text, std::string_view kind) {
  if (text.size() <= kind.size() || !text.starts_with(kind) || text[kind.size()] != '-') return false;
  const std::string_view digits = text.substr(kind.size() + 1);
  return (digits.size() == 8 || digits.size() == 17) &&
         std::all_of(digits.begin(), digits.end(), is_lower_hex);
}

std::string make_access_key_id(Random& random, std::string_view prefix) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<uint8_t, 16> bytes{};
  random.fill(bytes);
  std::string id(prefix);
  for (uint8_t byte : bytes) id += alphabet[byte % alphabet.size()];
  return id;
}

bool is_account_id(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace coffer
