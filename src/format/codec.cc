// SPDX-License-Identifier: Apache-2.0
#include "format/codec.h"

#include <array>
#include <cstring>

namespace coffer::format {
namespace {

constexpr size_t kUsualMessage = 512;  // bytes; only so that most need room once

void append(Bytes& bytes, ByteView more) {
  if (bytes.capacity() == 0) bytes.reserve(kUsualMessage);
  bytes.insert(bytes.end(), more.begin(), more.end());
}

template <class T>
void put(Bytes& bytes, T value) {
  std::array<uint8_t, sizeof(T)> little_endian;
  for (size_t i = 0; i < sizeof(T); ++i) little_endian[i] = static_cast<uint8_t>(value >> (8 * i));
  append(bytes, little_endian);
}

template <class T>
T get(ByteView bytes) {
  T value = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    value = static_cast<T>(value | static_cast<T>(bytes[i]) << (8 * i));
  return value;
}

}  // namespace

Writer& Writer::u8(uint8_t value) {
  return put(bytes_, value), *this;
}
Writer& Writer::u16(uint16_t value) {
  return put(bytes_, value), *this;
}
Writer& Writer::u32(uint32_t value) {
  return put(bytes_, value), *this;
}
Writer& Writer::u64(uint64_t value) {
  return put(bytes_, value), *this;
}
Writer& Writer::raw(ByteView bytes) {
  return append(bytes_, bytes), *this;
}
Writer& Writer::field(ByteView bytes) {
  return u32(static_cast<uint32_t>(bytes.size())).raw(bytes);
}

Writer& Writer::reserve(size_t size) {
  return bytes_.reserve(bytes_.size() + size), *this;
}

FixedWriter& FixedWriter::u8(uint8_t value) {
  return raw({&value, 1});
}

FixedWriter& FixedWriter::u16(uint16_t value) {
  return u8(static_cast<uint8_t>(value)).u8(static_cast<uint8_t>(value >> 8));
}

FixedWriter& FixedWriter::u32(uint32_t value) {
  return u16(static_cast<uint16_t>(value)).u16(static_cast<uint16_t>(value >> 16));
}

FixedWriter& FixedWriter::raw(ByteView bytes) {
  if (!ok_ || bytes.size() > left_.size()) {
    ok_ = false;
    return *this;
  }
  if (!bytes.empty()) std::memcpy(left_.data(), bytes.data(), bytes.size());
  left_ = left_.subspan(bytes.size());
  return *this;
}

uint8_t Reader::u8() {
  return get<uint8_t>(raw(1));
}
uint16_t Reader::u16() {
  return get<uint16_t>(raw(2));
}
uint32_t Reader::u32() {
  return get<uint32_t>(raw(4));
}
uint64_t Reader::u64() {
  return get<uint64_t>(raw(8));
}

ByteView Reader::raw(size_t size) {
  if (!ok_ || size > left_.size()) {
    fail();
    return {};
  }
  const ByteView taken = left_.first(size);
  left_ = left_.subspan(size);
  return taken;
}

ByteView Reader::field() {
  return raw(u32());
}

}  // namespace coffer::format
