// SPDX-License-Identifier: Apache-2.0
// Serves a block device over NBD, for tests with real clients:
//   nbd_test_server SOCKET SIZE                    in memory
//   nbd_test_server SOCKET SIZE fail-at OFFSET     the same, with an error at one byte
//   nbd_test_server SOCKET SIZE volume FOLDER      a new encrypted volume in files, under a key of its own
//   nbd_test_server SOCKET SIZE direct FOLDER      the same by direct I/O and io_uring
// Prints "ready" and serves until its standard input ends; then a volume is flushed.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/random.h"
#include "base/read_ring.h"
#include "export/nbd_server.h"
#include "tests/support/memory_device.h"
#include "volume/volume_store.h"

namespace {
using namespace coffer;

Result<std::shared_ptr<volume::BlockDevice>> make_volume(Disk& disk, const std::string& folder,
                                                         uint64_t size) {
  const std::string volume_id = "vol-0123456789abcdef0", layer_id = "layer-0123456789abcdef0";
  COFFER_TRY(store, volume::VolumeStore::open_store(disk, folder, "i-0123456789abcdef0"));
  COFFER_CHECK(store->create({volume_id, size, {layer_id, Bytes{0}, volume_id}, {}, false}));
  std::vector<volume::LayerKey> keys;
  keys.push_back({layer_id, secret::SecretBytes(64)});
  system_random().fill(keys[0].key.write(secret::RawAccess::because("a test makes up a key")));
  COFFER_TRY(opened, store->open(volume_id, keys));
  return std::shared_ptr<volume::BlockDevice>(std::move(opened));
}

Result<std::shared_ptr<volume::BlockDevice>> make_device(uint64_t size, std::string_view kind,
                                                         const char* value) {
  if (kind == "volume") return make_volume(system_disk(), value, size);
  if (kind == "direct") {
    COFFER_CHECK(ReadRing::prepare(4));
    return make_volume(direct_disk(), value, size);
  }
  const auto device = std::make_shared<testing::MemoryDevice>(size);
  if (kind == "fail-at") device->fail_at(std::strtoull(value, nullptr, 10), ErrorKind::kIo);
  return std::shared_ptr<volume::BlockDevice>(device);
}

Status serve(const char* socket, std::shared_ptr<volume::BlockDevice> device) {
  COFFER_TRY(server, exporting::NbdServer::start({"disk", "a disk for tests", device}, socket));
  std::puts("ready");
  std::fflush(stdout);
  char byte;
  while (::read(0, &byte, 1) > 0) {
  }
  server->stop();
  return device->flush();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3 && count != 5) {
    std::fputs("usage: nbd_test_server SOCKET SIZE [fail-at OFFSET | volume FOLDER | direct FOLDER]\n",
               stderr);
    return 2;
  }
  const uint64_t size = std::strtoull(arguments[2], nullptr, 10);
  const auto device =
      count == 5 ? make_device(size, arguments[3], arguments[4]) : make_device(size, "memory", "");
  const Status served = device ? serve(arguments[1], *device) : Status(tl::unexpected(device.error()));
  if (served) return 0;
  std::fprintf(stderr, "%s\n", served.error().message.c_str());
  return 1;
}
