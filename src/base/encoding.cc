// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"

#include <algorithm>
#include <array>

namespace coffer {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> base64_values() {
  std::array<int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (size_t i = 0; i < kBase64.size(); ++i)
    values[static_cast<uint8_t>(kBase64[i])] = static_cast<int8_t>(i);
  return values;
}

}  // namespace

std::string hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  char* out = text.data();
  for (uint8_t byte : bytes) {
    *out++ = digits[byte >> 4];
    *out++ = digits[byte & 15];
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string base64(ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  char* out = text.data();
  const auto put = [&](uint32_t group) {
    *out++ = kBase64[group >> 18];
    *out++ = kBase64[group >> 12 & 63];
    *out++ = kBase64[group >> 6 & 63];
    *out++ = kBase64[group & 63];
  };
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) put(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
  const size_t left = bytes.size() - i;
  if (left == 0) return text;
  put(bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0));
  std::fill_n(out - (3 - left), 3 - left, '=');
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  static constexpr auto kValues = base64_values();
  if (text.size() % 4 != 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const size_t letters = text.size() - padding;
  const auto value_at = [&](size_t i) { return i < letters ? kValues[static_cast<uint8_t>(text[i])] : 0; };
  Bytes bytes(text.size() / 4 * 3);
  uint8_t* out = bytes.data();
  for (size_t i = 0; i < text.size(); i += 4) {
    const int a = value_at(i), b = value_at(i + 1), c = value_at(i + 2), d = value_at(i + 3);
    if ((a | b | c | d) < 0) return std::nullopt;
    *out++ = static_cast<uint8_t>(a << 2 | b >> 4);
    *out++ = static_cast<uint8_t>(b << 4 | c >> 2);
    *out++ = static_cast<uint8_t>(c << 6 | d);
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string base64url(ByteView bytes) {
  std::string text = base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.resize(std::min(text.find('='), text.size()));
  return text;
}

std::optional<Bytes> from_base64url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  padded.append((4 - padded.size() % 4) % 4, '=');
  auto bytes = from_base64(padded);
  if (bytes && base64url(*bytes) != text) return std::nullopt;
  return bytes;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '_' || c == '.' || c == '~' || (keep_slash && c == '/');
    if (unreserved) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += digits[byte >> 4];
      encoded += digits[byte & 15];
    }
  }
  return encoded;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace coffer
