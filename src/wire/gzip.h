// SPDX-License-Identifier: Apache-2.0
// Content-Encoding: gzip (RFC 1952), which SDKs may use for large requests. Bounded: the answer never grows
// beyond `largest`, so that a small body cannot claim much memory.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "wire/http.h"

namespace coffer::wire {

// kLimitExceeded when it would be larger; kInvalidArgument when it is no complete gzip stream.
Result<Bytes> gunzip(ByteView compressed, size_t largest);
Bytes gzip(ByteView plain);

// Undoes the request's Content-Encoding and removes that header; does nothing without one. Called after the
// signature was verified, because the signature covers the encoded body and strangers shall not make us
// inflate. kUnsupported for an encoding other than gzip and identity.
Status decode_content(HttpRequest& request, size_t largest);

}  // namespace coffer::wire
