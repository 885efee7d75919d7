// SPDX-License-Identifier: Apache-2.0
#include "export/tls_connection.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "export/socket_connection.h"

namespace coffer::exporting {
namespace {

// Why the handshake failed, in OpenSSL's words; the client's mistakes come back as alerts on its side.
std::string failure(SSL* tls) {
  const long verified = SSL_get_verify_result(tls);
  if (verified != X509_V_OK) return X509_verify_cert_error_string(verified);
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "the connection ended";
}

}  // namespace

std::unique_ptr<TlsConnection> TlsConnection::accept(int socket, ssl_ctx_st& context, Deadline deadline) {
  const int flags = ::fcntl(socket, F_GETFL);
  if (flags < 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0) return nullptr;
  ERR_clear_error();
  Tls tls(SSL_new(&context), SSL_free);
  if (!tls || SSL_set_fd(tls.get(), socket) != 1) return nullptr;
  std::unique_ptr<TlsConnection> connection(new TlsConnection(socket, std::move(tls)));
  connection->set_deadline(deadline);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_accept(connection->tls_.get());
    if (result == 1) return connection;
    const int error = SSL_get_error(connection->tls_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      log_info("NBD over TLS: a client was refused: {}", failure(connection->tls_.get()));
    if (!connection->wait_after(result)) return nullptr;
  }
}

bool TlsConnection::wait_after(int result) {
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return wait_for_socket(socket_, POLLIN, deadline());
  if (error == SSL_ERROR_WANT_WRITE) return wait_for_socket(socket_, POLLOUT, deadline());
  ERR_clear_error();
  return false;
}

size_t TlsConnection::receive(MutableByteView into) {
  for (;;) {
    ERR_clear_error();
    size_t got = 0;
    const int result = SSL_read_ex(tls_.get(), into.data(), into.size(), &got);
    if (result == 1) return got;
    if (!wait_after(result)) return 0;
  }
}

std::optional<size_t> TlsConnection::receive_now(MutableByteView into) {
  ERR_clear_error();
  size_t got = 0;
  const int result = SSL_read_ex(tls_.get(), into.data(), into.size(), &got);
  if (result == 1) return got;
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return std::nullopt;
  ERR_clear_error();
  return 0;
}

bool TlsConnection::write(ByteView bytes) {
  for (;;) {
    ERR_clear_error();
    size_t written = 0;
    const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written);
    if (result == 1) return true;  // all of it, as partial writes are not enabled
    if (!wait_after(result)) return false;
  }
}

bool TlsConnection::send(std::span<iovec> vectors) {
  size_t used = 0;
  for (const iovec& vector : vectors) {
    ByteView left(static_cast<const uint8_t*>(vector.iov_base), vector.iov_len);
    while (!left.empty()) {
      // Whole records go from where they lie.
      if (used == 0 && left.size() >= kRecord) {
        const size_t whole = left.size() / kRecord * kRecord;
        if (!write(left.first(whole))) return false;
        left = left.subspan(whole);
        continue;
      }
      const size_t step = std::min(left.size(), kRecord - used);
      std::memcpy(record_.data() + used, left.data(), step);
      used += step;
      left = left.subspan(step);
      if (used < kRecord) continue;
      if (!write({record_.data(), used})) return false;
      used = 0;
    }
  }
  return used == 0 || write({record_.data(), used});
}

}  // namespace coffer::exporting
