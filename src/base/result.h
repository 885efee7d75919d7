// SPDX-License-Identifier: Apache-2.0
// Errors are values. A function that can fail returns Result<T>; no exception crosses a room's boundary.
#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace coffer {

// What went wrong, as far as a caller may want to act on it. Services map a kind to an AWS error code
// unless the error carries one of its own.
enum class ErrorKind {
  kInvalidArgument,    // the request can never succeed as it stands
  kNotFound,           // the thing named does not exist
  kConflict,           // the thing is in a state that forbids this, or exists already
  kPermissionDenied,   // known to us, not allowed
  kUnauthenticated,    // we do not know who asks
  kLimitExceeded,      // a quota or a size limit
  kUnsupported,        // valid in AWS, not offered here
  kUnavailable,        // a part is down or restarting; a retry may succeed
  kRefusedCiphertext,  // any cryptographic check failed; says nothing more, on purpose
  kCorrupt,            // bytes of ours fail their own checks
  kTooNew,             // a format version from a later release
  kIo,                 // the operating system refused a read, write or flush
  kNoSpace,            // ENOSPC or EDQUOT
  kInternal,           // a bug
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;    // for people; never holds a secret
  std::string code = {};  // AWS error code ("NotFoundException"); empty outside services
  // Further members of AWS's error: {"Reason", "INVALID_BLOCK_TOKEN"}.
  std::vector<std::pair<std::string, std::string>> members = {};
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string code = {}) {
  return tl::unexpected<Error>(Error{kind, std::move(message), std::move(code)});
}

// Error of the current errno, prefixed by `what`: "open /x: No such file or directory".
Error errno_error(std::string_view what);
tl::unexpected<Error> fail_errno(std::string_view what);

#define COFFER_CONCAT_INNER(a, b) a##b
#define COFFER_CONCAT(a, b) COFFER_CONCAT_INNER(a, b)

// COFFER_TRY(name, expression): binds the value or returns the error from the enclosing function.
#define COFFER_TRY(name, expression)                                                \
  auto COFFER_CONCAT(coffer_try_, __LINE__) = (expression);                         \
  if (!COFFER_CONCAT(coffer_try_, __LINE__))                                        \
    return tl::unexpected(std::move(COFFER_CONCAT(coffer_try_, __LINE__).error())); \
  auto name = std::move(*COFFER_CONCAT(coffer_try_, __LINE__))

// COFFER_CHECK(expression): returns the error of a Status (or of a Result whose value is not wanted).
#define COFFER_CHECK(expression)                                                         \
  do {                                                                                   \
    if (auto COFFER_CONCAT(coffer_status_, __LINE__) = (expression);                     \
        !COFFER_CONCAT(coffer_status_, __LINE__))                                        \
      return tl::unexpected(std::move(COFFER_CONCAT(coffer_status_, __LINE__).error())); \
  } while (0)

}  // namespace coffer
