// SPDX-License-Identifier: Apache-2.0
// Links: coffer_export
// Covers all of NBD that a client controls: the handshake and the transmission phase of the real server over
// a socket pair, on a small device in memory. The input is what the client sends.
#include <sys/socket.h>

#include <cstdint>
#include <thread>

#include "base/file_descriptor.h"
#include "base/log.h"
#include "export/nbd_server.h"
#include "format/nbd_handshake.h"
#include "tests/support/memory_device.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  set_log_level(LogLevel::kError);
  (void)format::nbd::parse_information_request({data, size});
  (void)format::nbd::parse_meta_context_request({data, size});

  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 0;
  FileDescriptor client(ends[0]), server(ends[1]);
  // What is sent fits the socket; the answers are read and dropped, so that the server never waits for us.
  const size_t fits = std::min<size_t>(size, 64 * 1024);
  if (fits > 0 && ::send(client.get(), data, fits, MSG_NOSIGNAL) < 0) return 0;
  ::shutdown(client.get(), SHUT_WR);
  std::thread drain([&] {
    char answers[4096];
    while (::recv(client.get(), answers, sizeof answers, 0) > 0) {
    }
  });
  const exporting::NbdExport served{"vol", "", std::make_shared<testing::MemoryDevice>(1 << 20)};
  const std::atomic<bool> stopping = false;
  exporting::serve_nbd_client(server.get(), served, {}, stopping);
  ::shutdown(server.get(), SHUT_RDWR);
  drain.join();
  return 0;
}
