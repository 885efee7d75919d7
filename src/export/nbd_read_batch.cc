// SPDX-License-Identifier: Apache-2.0
// NbdTransmission::read_together: small reads that arrived together go to the device together, where it gains
// from that (direct I/O on a disk).
#include <array>

#include "export/nbd_transmission.h"

namespace coffer::exporting {
namespace nbd = format::nbd;
using nbd::Request;

namespace {

constexpr size_t kMostReads = 64;
constexpr uint32_t kLargestRead = 64 * 1024;  // a larger one keeps a disk busy by itself

}  // namespace

bool NbdTransmission::is_small_read(const Request& request) const {
  return request.command == nbd::kRead && request.length != 0 && request.length <= kLargestRead &&
         request.length % SendBatch::kDataAlignment == 0 &&
         nbd::check_request(request, limits_) == nbd::kSuccess;
}

bool NbdTransmission::read_together(const Request& first) {
  std::array<Request, kMostReads> requests;
  std::array<volume::BlockDevice::Read, kMostReads> reads;
  // What is answered already does not wait for the disk; and the batch has all the room.
  if (!out_.send()) return false;
  MutableByteView room = out_.next_data(SendBatch::kLargestPiece);
  size_t count = 0;
  const auto take = [&](const Request& request) {
    requests[count] = request;
    reads[count++] = {request.offset, room.first(request.length)};
    room = room.subspan(request.length);
  };
  take(first);
  while (count < kMostReads && in_.available().size() >= nbd::kRequestSize) {
    const auto next = nbd::parse_request(in_.available().first<nbd::kRequestSize>());
    if (!next || !is_small_read(*next) || next->length > room.size()) break;
    in_.consume(nbd::kRequestSize);
    coalescing_.count(next->length);
    take(*next);
  }
  device_.read_batch(std::span(reads).first(count));
  for (size_t i = 0; i < count; ++i) add_read(requests[i], reads[i].status);
  return out_.send_if_large();
}

// The reply whose data lies at next_data() already. There is room.
void NbdTransmission::add_read(const Request& request, const Status& status) {
  if (!status) {
    const nbd::ErrorValue error = error_value(request, status.error());
    if (session_.structured)
      out_.add_header(nbd::write_error_offset_chunk(request.cookie, error, request.offset));
    else
      out_.add_header(nbd::write_simple_reply(error, request.cookie));
    out_.skip_data(request.length);
    return;
  }
  if (session_.structured)
    out_.add_header(nbd::write_data_chunk_header(true, request.cookie, request.offset, request.length));
  else
    out_.add_header(nbd::write_simple_reply(nbd::kSuccess, request.cookie));
  out_.commit_data(request.length);
}

}  // namespace coffer::exporting
