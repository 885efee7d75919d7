// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

#include "base/result.h"

namespace coffer {

// All of it, to a stream socket that waits; kIo when the peer is gone, or a time limit of the socket's is
// over.
Status send_all(int socket, std::string_view text);

}  // namespace coffer
