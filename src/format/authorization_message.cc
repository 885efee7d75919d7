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

}  // namespace

std::string encode(const AuthorizationMessage& message) {
  Writer writer;
  writer.u8(kVersion).raw(message.salt);
  writer.raw(message.iv);
  writer.raw(message.sealed);
  return base64url(writer.bytes());
}

std::optional<AuthorizationMessage> parse_authorization_message(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  const auto bytes = from_base64url(text);
  AuthorizationMessage message;
  const size_t head = 1 + message.salt.size() + message.iv.size();
  if (!bytes || bytes->size() < head + kTag || bytes->front() != kVersion) return std::nullopt;
  std::copy_n(bytes->begin() + 1, message.salt.size(), message.salt.begin());
  std::copy_n(bytes->begin() + 1 + message.salt.size(), message.iv.size(), message.iv.begin());
  message.sealed.assign(bytes->begin() + static_cast<ptrdiff_t>(head), bytes->end());
  return message;
}

}  // namespace coffer::format
