// SPDX-License-Identifier: Apache-2.0
#include "base/read_ring.h"

#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/file_descriptor.h"

namespace coffer {
namespace {

constexpr size_t kMostRings = 64;
std::array<std::atomic<ReadRing*>, kMostRings> idle_rings;
std::atomic<size_t> prepared_rings = 0;

Status refused(std::string_view what, int result) {
  errno = -result;
  return tl::unexpected(errno_error(what));
}

// Debian's liburing has no symbol for these two.
Status register_with(const io_uring& ring, unsigned what, void* argument, unsigned count) {
  if (::syscall(SYS_io_uring_register, ring.ring_fd, what, argument, count) < 0)
    return fail_errno("io_uring_register");
  return {};
}

// What a ring did not read, pread(2) does: the rest of a short read, or all of one that it could not take.
Status completed(int descriptor, const FileRead& read, int result) {
  if (result == -EAGAIN || result == -EINTR) return read_at(descriptor, read.offset, read.out);
  if (result < 0) return refused("read", result);
  const auto got = static_cast<size_t>(result);
  if (got == read.out.size()) return {};
  return read_at(descriptor, read.offset + got, read.out.subspan(got));
}

}  // namespace

ReadRing::ReadRing(std::unique_ptr<io_uring> ring) : ring_(std::move(ring)) {}

ReadRing::~ReadRing() {
  ::io_uring_queue_exit(ring_.get());
}

Result<ReadRing*> ReadRing::create() {
  auto ring = std::make_unique<io_uring>();
  if (const int made = ::io_uring_queue_init(kMostReadsAtOnce, ring.get(), IORING_SETUP_R_DISABLED);
      made != 0)
    return tl::unexpected(refused("io_uring_setup", made).error());
  std::unique_ptr<ReadRing> owner(new ReadRing(std::move(ring)));
  io_uring_restriction only_reads{};
  only_reads.opcode = IORING_RESTRICTION_SQE_OP;
  only_reads.sqe_op = IORING_OP_READ;
  COFFER_CHECK(register_with(*owner->ring_, IORING_REGISTER_RESTRICTIONS, &only_reads, 1));
  COFFER_CHECK(register_with(*owner->ring_, IORING_REGISTER_ENABLE_RINGS, nullptr, 0));
  return owner.release();
}

Status ReadRing::prepare(size_t count) {
  for (size_t i = 0; i < std::min(count, kMostRings); ++i) {
    COFFER_TRY(ring, create());
    ++prepared_rings;
    give_back(ring);
  }
  return {};
}

size_t ReadRing::prepared() {
  return prepared_rings;
}

ReadRing* ReadRing::borrow() {
  for (auto& slot : idle_rings)
    if (ReadRing* ring = slot.exchange(nullptr, std::memory_order_acquire)) return ring;
  return nullptr;
}

void ReadRing::give_back(ReadRing* ring) {
  for (auto& slot : idle_rings) {
    ReadRing* empty = nullptr;
    if (slot.compare_exchange_strong(empty, ring, std::memory_order_release, std::memory_order_relaxed))
      return;
  }
  --prepared_rings;
  delete ring;
}

bool ReadRing::read(int descriptor, std::span<const FileRead> reads, ReadListener& listener) {
  ReadRing* const ring = borrow();
  if (ring == nullptr) return false;
  if (ring->run(descriptor, reads, listener)) {
    give_back(ring);
  } else {
    --prepared_rings;
    delete ring;
  }
  return true;
}

unsigned ReadRing::reap(int descriptor, std::span<const FileRead> reads, ReadListener& listener) {
  unsigned reaped = 0;
  io_uring_cqe* completion = nullptr;
  while (::io_uring_peek_cqe(ring_.get(), &completion) == 0) {
    const auto index = static_cast<size_t>(completion->user_data);
    const int result = completion->res;
    ::io_uring_cqe_seen(ring_.get(), completion);
    listener.arrived(index, completed(descriptor, reads[index], result));
    ++reaped;
  }
  return reaped;
}

// False: the ring is of no use any more; every read has been answered all the same.
bool ReadRing::run(int descriptor, std::span<const FileRead> reads, ReadListener& listener) {
  for (size_t i = 0; i < reads.size(); ++i) {
    io_uring_sqe* const entry = ::io_uring_get_sqe(ring_.get());
    ::io_uring_prep_read(entry, descriptor, reads[i].out.data(), static_cast<unsigned>(reads[i].out.size()),
                         reads[i].offset);
    entry->user_data = i;
  }
  size_t submitted = 0, answered = 0;
  bool usable = true;
  while (answered < (usable ? reads.size() : submitted)) {
    const int result = ::io_uring_submit_and_wait(ring_.get(), 1);
    if (result > 0) submitted += static_cast<size_t>(result);
    usable = usable && (result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY);
    answered += reap(descriptor, reads, listener);
  }
  // Entries are taken in their order.
  for (size_t i = submitted; i < reads.size(); ++i)
    listener.arrived(i, read_at(descriptor, reads[i].offset, reads[i].out));
  return usable;
}

}  // namespace coffer
