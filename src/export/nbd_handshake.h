// SPDX-License-Identifier: Apache-2.0
// The server's half of the NBD handshake over a connection: fixed newstyle, every option answered.
#pragma once
#include <optional>

#include "export/nbd_export.h"
#include "export/receive_buffer.h"

namespace coffer::exporting {

// Ends when the client enters the transmission phase; nothing when it leaves, breaks the protocol or runs
// into the connection's deadline. `in` receives from the same connection.
std::optional<NbdSession> shake_hands(Connection& connection, ReceiveBuffer& in, const NbdExport& served);

}  // namespace coffer::exporting
