// SPDX-License-Identifier: Apache-2.0
#include "format/error_code.h"

#include <utility>

namespace coffer::format {
namespace {

constexpr std::pair<ErrorKind, uint8_t> kErrorCodes[] = {
    {ErrorKind::kInvalidArgument, 1},  {ErrorKind::kNotFound, 2},        {ErrorKind::kConflict, 3},
    {ErrorKind::kPermissionDenied, 4}, {ErrorKind::kUnauthenticated, 5}, {ErrorKind::kLimitExceeded, 6},
    {ErrorKind::kUnsupported, 7},      {ErrorKind::kUnavailable, 8},     {ErrorKind::kRefusedCiphertext, 9},
    {ErrorKind::kCorrupt, 10},         {ErrorKind::kTooNew, 11},         {ErrorKind::kIo, 12},
    {ErrorKind::kNoSpace, 13},         {ErrorKind::kInternal, 14}};

}  // namespace

uint8_t error_code(ErrorKind kind) {
  for (const auto& [known, code] : kErrorCodes)
    if (known == kind) return code;
  return 14;
}

std::optional<ErrorKind> error_kind(uint8_t code) {
  for (const auto& [kind, known] : kErrorCodes)
    if (known == code) return kind;
  return std::nullopt;
}

}  // namespace coffer::format
