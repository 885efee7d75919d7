// SPDX-License-Identifier: Apache-2.0
// What was received on a connection and not parsed yet. Room for more is not filled with zeros first, which
// would cost more than reading a small request into it. Used by one thread.
#pragma once
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace coffer::wire {

class ReceivedBytes {
 public:
  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {memory_.get() + begin_, size()}; }

  // Room for `size` bytes more, which are received when add() says how many came. Valid until the next call
  // of room() or release().
  std::span<char> room(size_t size) {
    if (capacity_ - end_ < size) move_to_front(size);
    return {memory_.get() + end_, size};
  }
  void add(size_t size) { end_ += size; }

  void remove_front(size_t size) {
    begin_ += size;
    if (empty()) begin_ = end_ = 0;
  }
  // Keeps no more than `most` bytes of memory while there is nothing in it.
  void shrink_when_empty(size_t most) {
    if (empty() && capacity_ > most) *this = ReceivedBytes();
  }
  std::string release() {
    std::string all(view());
    *this = ReceivedBytes();
    return all;
  }

  ReceivedBytes() = default;
  ReceivedBytes(ReceivedBytes&&) = delete;
  ReceivedBytes& operator=(ReceivedBytes&& other) noexcept {
    memory_ = std::move(other.memory_);
    capacity_ = other.capacity_;
    begin_ = other.begin_;
    end_ = other.end_;
    return *this;
  }

 private:
  void move_to_front(size_t room) {
    const std::string_view kept = view();
    if (capacity_ >= kept.size() + room) {
      std::memmove(memory_.get(), kept.data(), kept.size());
    } else {
      const size_t larger = kept.size() * 2 + room;  // so that much is not copied for each little that comes
      auto memory = std::make_unique_for_overwrite<char[]>(larger);
      std::memcpy(memory.get(), kept.data(), kept.size());
      memory_ = std::move(memory);
      capacity_ = larger;
    }
    begin_ = 0;
    end_ = kept.size();
  }

  std::unique_ptr<char[]> memory_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace coffer::wire
