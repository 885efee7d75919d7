// SPDX-License-Identifier: Apache-2.0
// The server's half of the NBD handshake over a socket: fixed newstyle, every option answered.
#pragma once
#include <optional>

#include "export/nbd_export.h"
#include "export/receive_buffer.h"

namespace coffer::exporting {

// Ends when the client enters the transmission phase; nothing when it leaves, breaks the protocol or runs
// into the buffer's deadline. Does not own the socket, which is `in`'s.
std::optional<NbdSession> shake_hands(int socket, ReceiveBuffer& in, const NbdExport& served);

}  // namespace coffer::exporting
