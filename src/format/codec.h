// SPDX-License-Identifier: Apache-2.0
// Bounded reading and writing of our byte formats: little-endian integers and length-prefixed fields. A
// Reader never reads past its bytes; once a read fails everything after it fails, so a parser checks once, at
// the end.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace coffer::format {

class Writer {
 public:
  Writer& u8(uint8_t value);
  Writer& u16(uint16_t value);
  Writer& u32(uint32_t value);
  Writer& u64(uint64_t value);
  Writer& raw(ByteView bytes);    // no length
  Writer& field(ByteView bytes);  // 32-bit length, then the bytes
  Writer& field(std::string_view text) { return field(as_bytes(text)); }
  // Makes room, so that the next `size` bytes are written without leaving a copy in freed memory.
  Writer& reserve(size_t size);
  const Bytes& bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Writes into memory of the caller's (for contents that must stay in the secret arena). Once something does
// not fit, nothing more is written.
class FixedWriter {
 public:
  explicit FixedWriter(MutableByteView out) : left_(out) {}
  FixedWriter& u8(uint8_t value);
  FixedWriter& u16(uint16_t value);
  FixedWriter& u32(uint32_t value);
  FixedWriter& raw(ByteView bytes);
  FixedWriter& field(ByteView bytes) { return u32(static_cast<uint32_t>(bytes.size())).raw(bytes); }
  FixedWriter& field(std::string_view text) { return field(as_bytes(text)); }
  bool full() const { return ok_ && left_.empty(); }  // everything fitted and nothing is left unwritten

 private:
  MutableByteView left_;
  bool ok_ = true;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) : left_(bytes) {}
  uint8_t u8();
  uint16_t u16();
  uint32_t u32();
  uint64_t u64();
  ByteView raw(size_t size);  // a view into the input; empty after a failure
  ByteView field();
  std::string text_field() { return std::string(as_text(field())); }
  Bytes bytes_field() { return to_bytes(field()); }
  size_t left() const { return left_.size(); }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && left_.empty(); }  // everything read, nothing left over
  void fail() {
    ok_ = false;
    left_ = {};
  }

 private:
  ByteView left_;
  bool ok_ = true;
};

}  // namespace coffer::format
