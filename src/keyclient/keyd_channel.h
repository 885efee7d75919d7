// SPDX-License-Identifier: Apache-2.0
// One call over whatever channel to keyd there is. For the files that implement KeydClient.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "format/keyd_protocol.h"
#include "keyclient/connection.h"
#include "keyclient/keyd_client.h"

namespace coffer::keyclient {

inline constexpr auto kPatienceForAChannel = std::chrono::seconds(2);  // keyd restarting takes a moment
// Keyd answers within milliseconds. Who waits longer for one that hangs holds a thread that others need.
inline constexpr auto kPatienceForAReply = std::chrono::seconds(5);
// But the primes of an RSA key are found by luck.
inline constexpr auto kPatienceForAKeyPair = std::chrono::seconds(60);

inline Bytes public_bytes(const secret::SecretBytes& body) {
  return to_bytes(body.read(secret::RawAccess::because("this reply holds no secret")));
}

// What keyd cannot do with a key for now is that key's state, and KMS has a name for it.
inline Result<secret::SecretBytes> in_kms_words(format::keyd::Operation operation,
                                                Result<secret::SecretBytes> body) {
  if (!body && body.error().kind == ErrorKind::kConflict && format::keyd::uses_key(operation))
    body.error().code = "KMSInvalidStateException";
  return body;
}

struct KeydClient::Channel {
  std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<Connection> connection;
  uint64_t last_id = 0;
  std::atomic<size_t> making_rsa_keys = 0;  // calls that wait for it

  // The living connection, waited for until `deadline`, and a number for a request on it.
  Result<std::pair<std::shared_ptr<Connection>, uint64_t>> next(
      std::chrono::steady_clock::time_point deadline) {
    const auto is_there = [this] { return connection && connection->alive(); };
    std::unique_lock lock(mutex);
    if (!is_there()) {
      lock.unlock();
      COFFER_CHECK(run_blocking([&] {
        std::unique_lock waiting(mutex);
        changed.wait_until(waiting, deadline, is_there);
      }));
      lock.lock();
    }
    return std::pair(connection, ++last_id);
  }

  template <class Body>
  Result<secret::SecretBytes> call(format::keyd::Operation operation, const Body& body,
                                   std::chrono::steady_clock::duration patience = kPatienceForAReply) {
    const auto deadline = std::chrono::steady_clock::now() + kPatienceForAChannel;
    while (true) {
      COFFER_TRY(there, next(deadline));
      const auto& [current, id] = there;
      if (!current || !current->alive()) {
        if (std::chrono::steady_clock::now() < deadline) continue;
        return fail(ErrorKind::kUnavailable, "keyd is not there");
      }
      format::Writer writer;
      format::keyd::begin_request(writer, id, operation);
      body.write(writer);
      auto outcome = current->call(id, writer.take(), std::chrono::steady_clock::now() + patience);
      if (outcome.sent == Connection::Sent::kYes || std::chrono::steady_clock::now() >= deadline)
        return in_kms_words(operation, std::move(outcome.body));
      current->close();  // it is of no more use; another may come
    }
  }

  template <class Body>
  Result<Bytes> call_for_bytes(format::keyd::Operation operation, const Body& body,
                               std::chrono::steady_clock::duration patience = kPatienceForAReply) {
    COFFER_TRY(reply, call(operation, body, patience));
    return public_bytes(reply);
  }

  // A reply of a public field and a secret rest.
  template <class Body>
  Result<std::pair<Bytes, secret::SecretBytes>> call_for_pair(format::keyd::Operation operation,
                                                              const Body& body) {
    COFFER_TRY(reply, call(operation, body));
    COFFER_TRY(parts, format::keyd::parse_field_and_rest(
                          reply.read(secret::RawAccess::because("the reply is taken apart"))));
    return std::pair(to_bytes(parts.field), secret::SecretBytes::copy_of(parts.rest));
  }
};

}  // namespace coffer::keyclient
