// SPDX-License-Identifier: Apache-2.0
// Serves a block device in memory over NBD, for tests with real clients:
//   nbd_memory_server SOCKET SIZE [fail-at OFFSET]
// Prints "ready" and serves until its standard input ends.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "export/nbd_server.h"
#include "tests/support/memory_device.h"

int main(int count, char** arguments) {
  if (count != 3 && !(count == 5 && std::string_view(arguments[3]) == "fail-at")) {
    std::fprintf(stderr, "usage: nbd_memory_server SOCKET SIZE [fail-at OFFSET]\n");
    return 2;
  }
  const auto device =
      std::make_shared<coffer::testing::MemoryDevice>(std::strtoull(arguments[2], nullptr, 10));
  if (count == 5) device->fail_at(std::strtoull(arguments[4], nullptr, 10), coffer::ErrorKind::kIo);
  const auto server =
      coffer::exporting::NbdServer::start({"memory", "a device in memory", device}, arguments[1]);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  char byte;
  while (::read(0, &byte, 1) > 0) {
  }
  return 0;
}
