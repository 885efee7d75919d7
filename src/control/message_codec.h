// SPDX-License-Identifier: Apache-2.0
// The two ways through a message of the protocol between apid and volumed (message_fields.h): into bytes and
// out of them.
#pragma once
#include <string>

#include "format/codec.h"

namespace coffer::control {

// One description of each message serves both directions: a Packer writes what a field holds, an Unpacker
// fills it. Both note a field beyond its bound and a message that does not add up.
class Packer {
 public:
  static constexpr bool kReads = false;
  void integer(uint8_t value) { out_.u8(value); }
  void integer(uint16_t value) { out_.u16(value); }
  void integer(uint32_t value) { out_.u32(value); }
  void integer(uint64_t value) { out_.u64(value); }
  void flag(bool value) { out_.u8(value ? 1 : 0); }
  void text(const std::string& value, size_t longest) { field(as_bytes(value), longest); }
  void bytes(const Bytes& value, size_t longest) { field(value, longest); }
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }
  Bytes take() { return out_.take(); }

 private:
  void field(ByteView value, size_t longest) {
    if (value.size() > longest) ok_ = false;
    out_.field(value);
  }
  format::Writer out_;
  bool ok_ = true;
};

class Unpacker {
 public:
  static constexpr bool kReads = true;
  explicit Unpacker(ByteView bytes) : in_(bytes) {}
  void integer(uint8_t& value) { value = in_.u8(); }
  void integer(uint16_t& value) { value = in_.u16(); }
  void integer(uint32_t& value) { value = in_.u32(); }
  void integer(uint64_t& value) { value = in_.u64(); }
  void flag(bool& value) {
    const uint8_t read = in_.u8();
    if (read > 1) in_.fail();
    value = read == 1;
  }
  void text(std::string& value, size_t longest) { value = std::string(as_text(field(longest))); }
  void bytes(Bytes& value, size_t longest) { value = to_bytes(field(longest)); }
  bool ok() const { return in_.ok(); }
  void fail() { in_.fail(); }
  bool complete() const { return in_.at_end(); }

 private:
  ByteView field(size_t longest) {
    const ByteView found = in_.field();
    if (found.size() > longest) in_.fail();
    return found;
  }
  format::Reader in_;
};

}  // namespace coffer::control
