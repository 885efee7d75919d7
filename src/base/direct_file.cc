// SPDX-License-Identifier: Apache-2.0
#include "base/direct_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/read_ring.h"

namespace coffer {
namespace {

constexpr size_t kPieceSize = 128 << 10;

MutableByteView aligned_piece() {
  struct alignas(kDirectAlignment) Piece {
    uint8_t bytes[kPieceSize];
  };
  thread_local const std::unique_ptr<Piece> piece(new Piece);
  return piece->bytes;
}

bool is_aligned(const void* memory) {
  return reinterpret_cast<uintptr_t>(memory) % kDirectAlignment == 0;
}

bool is_aligned(uint64_t offset, size_t size) {
  return offset % kDirectAlignment == 0 && size % kDirectAlignment == 0;
}

class DirectFile final : public File {
 public:
  DirectFile(std::unique_ptr<File> file, FileDescriptor direct, std::string path)
      : file_(std::move(file)), direct_(std::move(direct)), path_(std::move(path)) {}

  Status read(uint64_t offset, MutableByteView out) override {
    if (!is_aligned(offset, out.size())) return file_->read(offset, out);
    if (is_aligned(out.data())) return read_aligned(offset, out);
    while (!out.empty()) {
      const MutableByteView piece = aligned_piece().first(std::min(kPieceSize, out.size()));
      COFFER_CHECK(read_aligned(offset, piece));
      std::memcpy(out.data(), piece.data(), piece.size());
      out = out.subspan(piece.size());
      offset += piece.size();
    }
    return {};
  }

  Status write(uint64_t offset, ByteView data) override {
    if (!is_aligned(offset, data.size())) return file_->write(offset, data);
    if (is_aligned(data.data())) return write_aligned(offset, data);
    while (!data.empty()) {
      const MutableByteView piece = aligned_piece().first(std::min(kPieceSize, data.size()));
      std::memcpy(piece.data(), data.data(), piece.size());
      COFFER_CHECK(write_aligned(offset, piece));
      data = data.subspan(piece.size());
      offset += piece.size();
    }
    return {};
  }

  bool direct() const override { return true; }

  void read_many(std::span<const FileRead> reads, ReadListener& listener) override {
    const bool aligned = std::all_of(reads.begin(), reads.end(), [](const FileRead& one) {
      return is_aligned(one.offset, one.out.size()) && is_aligned(one.out.data());
    });
    if (!aligned || reads.size() < 2 || !ReadRing::read(direct_.get(), reads, listener))
      File::read_many(reads, listener);
  }

  Status flush() override { return file_->flush(); }
  Status punch_hole(uint64_t offset, uint64_t length) override { return file_->punch_hole(offset, length); }
  Status allocate(uint64_t offset, uint64_t length) override { return file_->allocate(offset, length); }
  Status truncate(uint64_t size) override { return file_->truncate(size); }
  Result<uint64_t> size() override { return file_->size(); }
  Result<uint64_t> next_data(uint64_t offset) override { return file_->next_data(offset); }

 private:
  // What the kernel leaves over ends at no sector's end: the page cache takes it.
  Status read_aligned(uint64_t offset, MutableByteView out) {
    while (!out.empty()) {
      const ssize_t got = ::pread(direct_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno("read " + path_);
      out = out.subspan(static_cast<size_t>(got));
      offset += static_cast<uint64_t>(got);
      if (got == 0 || got % static_cast<ssize_t>(kDirectAlignment) != 0) return file_->read(offset, out);
    }
    return {};
  }

  Status write_aligned(uint64_t offset, ByteView data) {
    while (!data.empty()) {
      const ssize_t put = ::pwrite(direct_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return fail_errno("write " + path_);
      data = data.subspan(static_cast<size_t>(put));
      offset += static_cast<uint64_t>(put);
      if (put % static_cast<ssize_t>(kDirectAlignment) != 0) return file_->write(offset, data);
    }
    return {};
  }

  const std::unique_ptr<File> file_;
  const FileDescriptor direct_;
  const std::string path_;
};

}  // namespace

std::unique_ptr<File> make_direct_file(std::unique_ptr<File> file, FileDescriptor direct, std::string path) {
  return std::make_unique<DirectFile>(std::move(file), std::move(direct), std::move(path));
}

}  // namespace coffer
