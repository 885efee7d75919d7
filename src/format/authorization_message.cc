// SPDX-License-Identifier: Apache-2.0
#include "format/authorization_message.h"

#include <algorithm>

#include "base/encoding.h"
#include "format/codec.h"

namespace coffer::format {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kLongest = 10240;  // characters: what DecodeAuthorizationMessage takes
constexpr size_t kTag = 16;

std::string url_safe(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.resize(std::min(text.find('='), text.size()));
  return text;
}

}  // namespace

std::string encode(const AuthorizationMessage& message) {
  Writer writer;
  writer.u8(kVersion).raw(message.salt);
  writer.raw(message.iv);
  writer.raw(message.sealed);
  return url_safe(base64(writer.bytes()));
}

std::optional<AuthorizationMessage> parse_authorization_message(std::string_view text) {
  if (text.size() > kLongest || text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  padded.append((4 - padded.size() % 4) % 4, '=');
  const auto bytes = from_base64(padded);
  AuthorizationMessage message;
  const size_t head = 1 + message.salt.size() + message.iv.size();
  if (!bytes || bytes->size() < head + kTag || bytes->front() != kVersion) return std::nullopt;
  std::copy_n(bytes->begin() + 1, message.salt.size(), message.salt.begin());
  std::copy_n(bytes->begin() + 1 + message.salt.size(), message.iv.size(), message.iv.begin());
  message.sealed.assign(bytes->begin() + static_cast<ptrdiff_t>(head), bytes->end());
  // Bits to spare that are not zero would make it another text of the same message.
  if (encode(message) != text) return std::nullopt;
  return message;
}

}  // namespace coffer::format
