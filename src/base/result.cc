// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace coffer {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return "invalid argument";
    case ErrorKind::kNotFound:
      return "not found";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kPermissionDenied:
      return "permission denied";
    case ErrorKind::kUnauthenticated:
      return "unauthenticated";
    case ErrorKind::kLimitExceeded:
      return "limit exceeded";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kRefusedCiphertext:
      return "refused ciphertext";
    case ErrorKind::kCorrupt:
      return "corrupt";
    case ErrorKind::kTooNew:
      return "too new";
    case ErrorKind::kIo:
      return "input/output error";
    case ErrorKind::kNoSpace:
      return "no space";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "unknown";
}

namespace {
ErrorKind kind_of_errno(int number) {
  switch (number) {
    case ENOENT:
      return ErrorKind::kNotFound;
    case EEXIST:
    case EBUSY:
      return ErrorKind::kConflict;
    case EACCES:
    case EPERM:
      return ErrorKind::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::kNoSpace;
    case EINVAL:
      return ErrorKind::kInvalidArgument;
    case EPIPE:
    case ECONNRESET:
    case ECONNREFUSED:
    case ENOTCONN:
      return ErrorKind::kUnavailable;
    default:
      return ErrorKind::kIo;
  }
}
}  // namespace

Error errno_error(std::string_view what) {
  const int number = errno;
  return Error{kind_of_errno(number),
               std::string(what) + ": " + std::error_code(number, std::generic_category()).message()};
}

tl::unexpected<Error> fail_errno(std::string_view what) {
  return tl::unexpected<Error>(errno_error(what));
}

}  // namespace coffer
