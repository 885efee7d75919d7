// SPDX-License-Identifier: Apache-2.0
#include "wire/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <memory>

namespace coffer::wire {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // zlib: the gzip format, and no other
constexpr size_t kPiece = 64 * 1024;

struct Inflater {
  z_stream stream{};
  bool ready = inflateInit2(&stream, kGzipOnly) == Z_OK;
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
};

}  // namespace

Result<Bytes> gunzip(ByteView compressed, size_t largest) {
  Inflater inflater;
  if (!inflater.ready) return fail(ErrorKind::kInternal, "zlib could not be started");
  z_stream& stream = inflater.stream;
  if (compressed.size() > UINT32_MAX) return fail(ErrorKind::kLimitExceeded, "gzip body too large");
  stream.next_in = const_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());

  Bytes plain;
  for (;;) {
    const size_t before = plain.size();
    // One byte more than allowed, to tell a body of exactly the largest size from a larger one.
    const size_t room = std::min(kPiece, largest + 1 - before);
    plain.resize(before + room);
    stream.next_out = plain.data() + before;
    stream.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream, Z_NO_FLUSH);
    plain.resize(before + room - stream.avail_out);
    if (plain.size() > largest) return fail(ErrorKind::kLimitExceeded, "gzip body inflates beyond the limit");
    if (code == Z_STREAM_END) {
      if (stream.avail_in == 0) return plain;
      if (inflateReset(&stream) != Z_OK) return fail(ErrorKind::kInternal, "zlib could not go on");
      continue;  // a file of several members (RFC 1952 section 2.2)
    }
    if (code != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0))
      return fail(ErrorKind::kInvalidArgument, "body is not a complete gzip stream");
  }
}

Bytes gzip(ByteView plain) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipOnly, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  Bytes compressed(deflateBound(&stream, plain.size()));
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = compressed.data();
  stream.avail_out = static_cast<uInt>(compressed.size());
  const int code = deflate(&stream, Z_FINISH);
  compressed.resize(code == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return compressed;
}

Status decode_content(HttpRequest& request, size_t largest) {
  const auto encodings = request.headers.all("Content-Encoding");
  if (encodings.empty()) return {};
  if (encodings.size() > 1) return fail(ErrorKind::kUnsupported, "several content encodings");
  if (equal_ignoring_case(encodings[0], "gzip") || equal_ignoring_case(encodings[0], "x-gzip")) {
    COFFER_TRY(plain, gunzip(request.body, largest));
    request.body = std::move(plain);
  } else if (!equal_ignoring_case(encodings[0], "identity") && !encodings[0].empty()) {
    return fail(ErrorKind::kUnsupported, "unsupported content encoding");
  }
  request.headers.remove("Content-Encoding");
  return {};
}

}  // namespace coffer::wire
