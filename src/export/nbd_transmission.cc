// SPDX-License-Identifier: Apache-2.0
#include "export/nbd_transmission.h"

#include <algorithm>

#include "base/log.h"
#include "export/block_status.h"
#include "format/nbd.h"

namespace coffer::exporting {
namespace nbd = format::nbd;
using nbd::Request;

namespace {

constexpr uint64_t kSector = 4096;
// The payload of a refused write is read past up to this size; a larger one ends the connection.
constexpr uint32_t kLargestSkip = 64 << 20;
constexpr int kMostErrorsLogged = 10;

static_assert(nbd::kStatusChunkHeaderSize + BlockStatus::kMostDescriptors * nbd::kStatusDescriptorSize <=
              SendBatch::kLargestHeader);

// How much of what is left from `offset` on goes in one step of at most `largest`: everything, or up to a
// boundary between sectors, so that no sector is touched twice.
uint32_t piece_size(uint64_t offset, uint32_t left, uint32_t largest) {
  return left <= largest ? left : static_cast<uint32_t>(largest - offset % kSector);
}

}  // namespace

NbdTransmission::NbdTransmission(Connection& connection, ReceiveBuffer& in, const NbdExport& served,
                                 NbdSession session, const std::atomic<bool>& stopping)
    : in_(in),
      out_(connection),
      served_(served),
      device_(*served.device),
      session_(session),
      stopping_(stopping),
      limits_{.size = device_.size(),
              .largest_payload = kLargestPayload,
              .largest_unfragmented = SendBatch::kLargestPiece,
              .read_only = served.read_only,
              .structured = session.structured,
              .block_status = session.allocation || session.depth},
      coalescing_(connection) {}

void NbdTransmission::run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (!next_request()) return;
    const auto request = nbd::parse_request(in_.available().first<nbd::kRequestSize>());
    if (!request) return;
    in_.consume(nbd::kRequestSize);
    coalescing_.count(request->length);
    if (request->command == nbd::kDisconnect) break;
    if (!answer(*request)) return;
  }
  out_.send();
}

bool NbdTransmission::next_request() {
  if (in_.available().size() >= nbd::kRequestSize) return true;
  if (!out_.send()) return false;
  // A client that keeps one request in flight sends the next when it has this answer.
  const bool one_at_a_time = coalescing_.end_round() == 1;
  return need(nbd::kRequestSize,
              one_at_a_time ? ReceiveBuffer::Wait::kBrieflyAwake : ReceiveBuffer::Wait::kAsleep);
}

bool NbdTransmission::need(size_t size, ReceiveBuffer::Wait wait) {
  if (in_.available().size() >= size) return true;
  return out_.send() && in_.fill(size, wait);
}

bool NbdTransmission::answer(const Request& request) {
  const nbd::ErrorValue refusal = nbd::check_request(request, limits_);
  if (refusal != nbd::kSuccess) return refuse(request, refusal);
  const bool durable = request.flags & nbd::kFua;
  switch (request.command) {
    case nbd::kRead:
      return read(request);
    case nbd::kWrite:
      return write(request);
    case nbd::kFlush:
      return finish(request, device_.flush());
    case nbd::kTrim:
      return finish(request, device_.discard(request.offset, request.length, durable));
    case nbd::kCache:
      return reply(request, nbd::kSuccess);
    case nbd::kWriteZeroes:
      return write_zeroes(request);
    case nbd::kBlockStatus:
      return block_status(request);
    default:
      return reply(request, nbd::kEinval);
  }
}

bool NbdTransmission::refuse(const Request& request, nbd::ErrorValue error) {
  if (request.command == nbd::kWrite && !skip(request.length)) return false;
  return reply(request, error);
}

bool NbdTransmission::skip(uint64_t size) {
  if (size > kLargestSkip) return false;
  while (size > 0) {
    if (!need(1)) return false;
    const size_t step = std::min<uint64_t>(size, in_.available().size());
    in_.consume(step);
    size -= step;
  }
  return true;
}

bool NbdTransmission::read(const Request& request) {
  if (device_.gains_from_batches() && is_small_read(request)) return read_together(request);
  return session_.structured ? read_structured(request) : read_simple(request);
}

bool NbdTransmission::read_structured(const Request& request) {
  if (request.length == 0) {
    if (!out_.make_room(nbd::kChunkHeaderSize)) return false;
    out_.add_header(nbd::write_chunk_header(nbd::kChunkDone, nbd::kChunkNone, request.cookie, 0));
    return true;
  }
  uint32_t done = 0;
  while (done < request.length) {
    const uint64_t offset = request.offset + done;
    const uint32_t size = piece_size(offset, request.length - done, SendBatch::kLargestPiece);
    static_assert(nbd::kDataChunkHeaderSize <= nbd::kErrorOffsetChunkSize);
    if (!out_.make_room(nbd::kErrorOffsetChunkSize, size)) return false;
    if (const Status status = device_.read(offset, out_.next_data(size)); !status) {
      out_.add_header(
          nbd::write_error_offset_chunk(request.cookie, error_value(request, status.error()), offset));
      return true;
    }
    done += size;
    // The data is here already, so that no error can follow the last chunk.
    out_.add_header(nbd::write_data_chunk_header(done == request.length, request.cookie, offset, size));
    out_.commit_data(size);
    if (!out_.send_if_large()) return false;
  }
  return true;
}

bool NbdTransmission::read_simple(const Request& request) {
  if (request.length == 0) return reply(request, nbd::kSuccess);
  uint32_t done = 0;
  while (done < request.length) {
    const uint64_t offset = request.offset + done;
    const uint32_t size = piece_size(offset, request.length - done, SendBatch::kLargestPiece);
    if (!out_.make_room(nbd::kSimpleReplySize, size)) return false;
    if (const Status status = device_.read(offset, out_.next_data(size)); !status) {
      const nbd::ErrorValue error = error_value(request, status.error());
      // The header that promised success is out: nothing but closing says otherwise.
      return done == 0 && reply(request, error);
    }
    if (done == 0) out_.add_header(nbd::write_simple_reply(nbd::kSuccess, request.cookie));
    out_.commit_data(size);
    done += size;
    if (!out_.send_if_large()) return false;
  }
  return true;
}

bool NbdTransmission::write(const Request& request) {
  const bool durable = request.flags & nbd::kFua;
  if (request.length <= kLargestWholeWrite) {
    if (!need(request.length)) return false;
    const Status status = device_.write(request.offset, in_.available().first(request.length), durable);
    in_.consume(request.length);
    return finish(request, status);
  }
  Status status;
  uint32_t done = 0;
  while (done < request.length) {
    const uint64_t offset = request.offset + done;
    const uint32_t size = piece_size(offset, request.length - done, kLargestWholeWrite);
    if (!need(size)) return false;
    if (status) status = device_.write(offset, in_.available().first(size), false);
    in_.consume(size);
    done += size;
  }
  if (status && durable) status = device_.flush();
  return finish(request, status);
}

bool NbdTransmission::write_zeroes(const Request& request) {
  const bool keep_allocated = request.flags & nbd::kNoHole;
  // Whole sectors become zero by their state alone; edges, and space that must be given, take as long as a
  // write.
  const bool fast = request.offset % kSector == 0 && request.length % kSector == 0 && !keep_allocated;
  if ((request.flags & nbd::kFastZero) && !fast) return reply(request, nbd::kEnotsup);
  return finish(request, device_.write_zeroes(request.offset, request.length, keep_allocated,
                                              (request.flags & nbd::kFua) != 0));
}

bool NbdTransmission::block_status(const Request& request) {
  BlockStatus found;
  const size_t most = request.flags & nbd::kReqOne ? 1 : BlockStatus::kMostDescriptors;
  const Status status = found.gather(device_, session_, request.offset, request.length, most);
  if (!status) return reply(request, error_value(request, status.error()));
  // A chunk for each context that was selected, of which there is one at least; the last ends the reply.
  size_t last = 0;
  for (size_t i = 0; i < kMetaContexts.size(); ++i)
    if (session_.*kMetaContexts[i].selected) last = i;
  for (size_t i = 0; i <= last; ++i) {
    const auto descriptors = found.descriptors(i);
    if (descriptors.empty()) continue;
    const size_t size = nbd::kStatusChunkHeaderSize + descriptors.size() * nbd::kStatusDescriptorSize;
    if (!out_.make_room(size)) return false;
    out_.add_header(nbd::write_status_chunk_header(i == last, request.cookie, kMetaContexts[i].id,
                                                   static_cast<uint32_t>(descriptors.size())));
    for (const auto& one : descriptors) out_.add_header(nbd::write_status_descriptor(one.length, one.value));
  }
  return true;
}

bool NbdTransmission::finish(const Request& request, const Status& status) {
  return reply(request, status ? nbd::kSuccess : error_value(request, status.error()));
}

bool NbdTransmission::reply(const Request& request, nbd::ErrorValue error) {
  const bool needs_chunk =
      session_.structured && (request.command == nbd::kRead || request.command == nbd::kBlockStatus);
  if (needs_chunk) {
    if (!out_.make_room(nbd::kErrorChunkSize)) return false;
    out_.add_header(nbd::write_error_chunk(request.cookie, error));
    return true;
  }
  if (!out_.make_room(nbd::kSimpleReplySize)) return false;
  out_.add_header(nbd::write_simple_reply(error, request.cookie));
  return true;
}

nbd::ErrorValue NbdTransmission::error_value(const Request& request, const Error& error) {
  // A client that goes on after errors must not fill the log.
  if (errors_logged_ < kMostErrorsLogged) {
    ++errors_logged_;
    log_error("{}: NBD command {} at {} of {} bytes: {}", served_.name, request.command, request.offset,
              request.length, error.message);
  }
  switch (error.kind) {
    case ErrorKind::kNoSpace:
    case ErrorKind::kLimitExceeded:
      return nbd::kEnospc;
    case ErrorKind::kInvalidArgument:
      return nbd::kEinval;
    case ErrorKind::kPermissionDenied:
      return nbd::kEperm;
    case ErrorKind::kUnavailable:
      return nbd::kEshutdown;
    default:
      return nbd::kEio;
  }
}

}  // namespace coffer::exporting
