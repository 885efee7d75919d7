// SPDX-License-Identifier: Apache-2.0
// The server's half of NBD's transmission phase, synchronous and inline: this thread receives many requests
// at once, asks the device, and sends the replies together (ARCHITECTURE section 4). Nothing is allocated per
// request.
#pragma once
#include <atomic>

#include "export/nbd_export.h"
#include "export/receive_buffer.h"
#include "export/request_coalescing.h"
#include "export/send_batch.h"

namespace coffer::exporting {

class NbdTransmission {
 public:
  // Writes up to this size reach the device whole; larger ones in pieces that end at multiples of 4096.
  static constexpr uint32_t kLargestWholeWrite = 256 * 1024;
  static constexpr size_t kReceiveCapacity = 2 * kLargestWholeWrite;

  // `stopping` is looked at between requests.
  NbdTransmission(Connection& connection, ReceiveBuffer& in, const NbdExport& served, NbdSession session,
                  const std::atomic<bool>& stopping);

  // Until the client leaves, breaks the protocol, or `stopping`. An error of the device is the client's to
  // hear and ends nothing.
  void run();

 private:
  bool next_request();  // false: there is none any more
  // Sends what waits before it waits itself. The rest of a request is on its way.
  bool need(size_t size, ReceiveBuffer::Wait wait = ReceiveBuffer::Wait::kBrieflyAwake);
  bool answer(const format::nbd::Request& request);
  bool refuse(const format::nbd::Request& request, format::nbd::ErrorValue error);
  bool skip(uint64_t size);

  bool read(const format::nbd::Request& request);
  bool is_small_read(const format::nbd::Request& request) const;
  bool read_together(const format::nbd::Request& first);
  void add_read(const format::nbd::Request& request, const Status& status);
  bool read_structured(const format::nbd::Request& request);
  bool read_simple(const format::nbd::Request& request);
  bool write(const format::nbd::Request& request);
  bool write_zeroes(const format::nbd::Request& request);
  bool block_status(const format::nbd::Request& request);
  bool finish(const format::nbd::Request& request, const Status& status);

  // The reply without data: a simple one, or an error chunk where only a structured one may stand.
  bool reply(const format::nbd::Request& request, format::nbd::ErrorValue error);
  format::nbd::ErrorValue error_value(const format::nbd::Request& request, const Error& error);

  ReceiveBuffer& in_;
  SendBatch out_;
  const NbdExport& served_;
  volume::BlockDevice& device_;
  const NbdSession session_;
  const std::atomic<bool>& stopping_;
  const format::nbd::Limits limits_;
  int errors_logged_ = 0;
  RequestCoalescing coalescing_;
};

}  // namespace coffer::exporting
