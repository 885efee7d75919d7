// SPDX-License-Identifier: Apache-2.0
// A client on a stream socket, through TLS.
#pragma once
#include <array>
#include <memory>

#include "export/connection.h"

struct ssl_st;
struct ssl_ctx_st;

namespace coffer::exporting {

class TlsConnection final : public Connection {
 public:
  // The server's half of the TLS handshake. Does not own the socket, and makes it non-blocking. Null when the
  // handshake fails, for example because the client has no certificate that `context` accepts, or when it is
  // not done by the deadline, which stays the connection's.
  static std::unique_ptr<TlsConnection> accept(int socket, ssl_ctx_st& context, Deadline deadline);

  size_t receive(MutableByteView into) override;
  std::optional<size_t> receive_now(MutableByteView into) override;
  bool send(std::span<iovec> vectors) override;
  const ssl_st& tls() const { return *tls_; }

 private:
  using Tls = std::unique_ptr<ssl_st, void (*)(ssl_st*)>;
  static constexpr size_t kRecord = 16 * 1024;  // the largest of TLS

  TlsConnection(int socket, Tls tls) : socket_(socket), tls_(std::move(tls)) {}
  // After a call that did not succeed: waits for what it needs. False: over.
  bool wait_after(int result);
  bool write(ByteView bytes);

  const int socket_;
  const Tls tls_;
  std::array<uint8_t, kRecord> record_;  // small pieces on their way into one record
};

}  // namespace coffer::exporting
