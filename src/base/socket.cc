// SPDX-License-Identifier: Apache-2.0
#include "base/socket.h"

#include <sys/socket.h>

#include <cerrno>

namespace coffer {

Status send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail(ErrorKind::kIo, errno_error("send").message);
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

}  // namespace coffer
