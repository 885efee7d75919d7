// SPDX-License-Identifier: Apache-2.0
// A plain NBD client for the server's tests: says exactly what a test wants said, also what no real client
// says.
#pragma once
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>

#include <optional>

#include "base/file_descriptor.h"
#include "format/big_endian.h"
#include "format/nbd.h"
#include "format/nbd_handshake.h"

namespace coffer::exporting {

class NbdClient {
 public:
  explicit NbdClient(FileDescriptor socket) : socket_(std::move(socket)) {
    const timeval patience{10, 0};  // a test that would hang fails instead
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  virtual ~NbdClient() = default;

  void send(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send_some(bytes);
      if (sent <= 0) return;
      bytes = bytes.subspan(static_cast<size_t>(sent));
    }
  }
  // Shorter than asked for when the server has closed the connection.
  Bytes receive(size_t size) {
    Bytes bytes(size);
    size_t got = 0;
    while (got < size) {
      const ssize_t more = receive_some({bytes.data() + got, size - got});
      if (more <= 0) break;
      got += static_cast<size_t>(more);
    }
    bytes.resize(got);
    return bytes;
  }
  // Does the server say something within that time?
  bool readable(std::chrono::milliseconds patience) {
    pollfd end{socket_.get(), POLLIN, 0};
    return ::poll(&end, 1, static_cast<int>(patience.count())) == 1;
  }
  bool closed_by_server() {
    uint8_t byte;
    return receive_some({&byte, 1}) == 0;
  }
  template <class T>
  T integer() {
    const Bytes bytes = receive(sizeof(T));
    return bytes.size() == sizeof(T) ? format::get_big_endian<T>(bytes.data()) : T{0};
  }

  // Handshake.
  void greet(uint32_t client_flags = 3) {
    EXPECT_EQ(receive(18), format::nbd::write_greeting());
    send(number(client_flags));
  }
  void option(uint32_t option, ByteView data = {}) {
    send(number(format::nbd::kOptionMagic));
    send(number(option));
    send(number(static_cast<uint32_t>(data.size())));
    send(data);
  }
  struct OptionAnswer {
    uint32_t option = 0, type = 0;
    Bytes data;
  };
  OptionAnswer option_answer() {
    EXPECT_EQ(integer<uint64_t>(), format::nbd::kOptionReplyMagic);
    OptionAnswer answer;
    answer.option = integer<uint32_t>();
    answer.type = integer<uint32_t>();
    answer.data = receive(integer<uint32_t>());
    return answer;
  }
  // All answers to one option, up to the one that ends them.
  std::vector<OptionAnswer> ask(uint32_t asked, ByteView data = {}) {
    option(asked, data);
    std::vector<OptionAnswer> answers;
    do {
      answers.push_back(option_answer());
      EXPECT_EQ(answers.back().option, asked);
    } while (answers.back().type > 1 && answers.back().type < 0x80000000 && answers.size() < 100);
    return answers;
  }
  void enter(bool structured, bool allocation = false, std::string_view name = "") {
    greet();
    if (structured) {
      EXPECT_EQ(ask(format::nbd::kOptionStructuredReply).back().type, 1u);
    }
    if (allocation) {
      EXPECT_EQ(ask(format::nbd::kOptionSetMetaContext, contexts(name, {"base:allocation"})).size(), 2u);
    }
    EXPECT_EQ(ask(format::nbd::kOptionGo, information(name, {})).back().type, 1u);
  }
  static Bytes information(std::string_view name, std::vector<uint16_t> wanted) {
    Bytes data = string(name);
    append(data, number(static_cast<uint16_t>(wanted.size())));
    for (const uint16_t one : wanted) append(data, number(one));
    return data;
  }
  static Bytes contexts(std::string_view name, std::vector<std::string_view> queries) {
    Bytes data = string(name);
    append(data, number(static_cast<uint32_t>(queries.size())));
    for (const auto query : queries) append(data, string(query));
    return data;
  }

  // Transmission.
  void request(uint16_t command, uint64_t cookie, uint64_t offset, uint32_t length, uint16_t flags = 0) {
    send(format::nbd::write_request({flags, command, cookie, offset, length}));
  }
  struct Reply {
    uint64_t cookie = 0;
    uint32_t error = 0;
  };
  std::optional<Reply> simple_reply() {
    if (integer<uint32_t>() != format::nbd::kSimpleReplyMagic) return std::nullopt;
    Reply reply;
    reply.error = integer<uint32_t>();
    reply.cookie = integer<uint64_t>();
    return reply;
  }
  struct Chunk {
    uint16_t flags = 0, type = 0;
    uint64_t cookie = 0;
    Bytes payload;
  };
  std::optional<Chunk> chunk() {
    if (integer<uint32_t>() != format::nbd::kStructuredReplyMagic) return std::nullopt;
    Chunk chunk;
    chunk.flags = integer<uint16_t>();
    chunk.type = integer<uint16_t>();
    chunk.cookie = integer<uint64_t>();
    chunk.payload = receive(integer<uint32_t>());
    return chunk;
  }
  // The error of a request that is answered by a simple reply, sent and awaited.
  uint32_t command(uint16_t command, uint64_t offset, uint32_t length, uint16_t flags = 0,
                   ByteView payload = {}) {
    request(command, ++cookie_, offset, length, flags);
    send(payload);
    const auto reply = simple_reply();
    EXPECT_TRUE(reply);
    if (!reply) return ~0u;
    EXPECT_EQ(reply->cookie, cookie_);
    return reply->error;
  }
  uint32_t write(uint64_t offset, ByteView data, uint16_t flags = 0) {
    return command(format::nbd::kWrite, offset, static_cast<uint32_t>(data.size()), flags, data);
  }

  void close() { socket_.reset(); }
  int descriptor() const { return socket_.get(); }

 protected:
  virtual ssize_t send_some(ByteView bytes) {
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  virtual ssize_t receive_some(MutableByteView into) {
    return ::recv(socket_.get(), into.data(), into.size(), 0);
  }

 private:
  template <class T>
  static Bytes number(T value) {
    Bytes bytes(sizeof(T));
    format::put_big_endian(bytes.data(), value);
    return bytes;
  }
  static void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }
  static Bytes string(std::string_view text) {
    Bytes data = number(static_cast<uint32_t>(text.size()));
    append(data, to_bytes(text));
    return data;
  }

  FileDescriptor socket_;
  uint64_t cookie_ = 0;
};

}  // namespace coffer::exporting
