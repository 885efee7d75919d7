// SPDX-License-Identifier: Apache-2.0
// The server's half of the NBD handshake over a connection: fixed newstyle, every option answered. Each step
// gives nothing when the client leaves, breaks the protocol or runs into the connection's deadline. `in`
// receives from the same connection.
#pragma once
#include <optional>

#include "export/nbd_export.h"
#include "export/offered_exports.h"
#include "export/receive_buffer.h"

namespace coffer::exporting {

struct NbdGreeting {
  bool no_zeroes = false;  // the client wants no padding
  bool secured = false;    // by TLS
};

// What the handshake ended with.
struct NbdEntered {
  NbdSession session;
  std::string export_name;
};

// First of all; gives what the client's flags say.
std::optional<NbdGreeting> greet_client(Connection& connection, ReceiveBuffer& in);

// Where TLS is required: refuses every option until the client asks for TLS and was told to go on with it.
// From then on nothing that came before may be trusted: the caller needs a new buffer, and drops a client
// that has sent more than the option (`in` is not empty).
bool await_starttls(Connection& connection, ReceiveBuffer& in);

// Answers options until the client enters the transmission phase.
std::optional<NbdEntered> settle_options(Connection& connection, ReceiveBuffer& in,
                                         const NbdGreeting& greeting, const OfferedExports& offered);

}  // namespace coffer::exporting
