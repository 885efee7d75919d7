// SPDX-License-Identifier: Apache-2.0
// The volume engine by itself, for tests with real clients and the kernel: volumes, snapshots and clones in
// FOLDER/volumes, each encrypted layer under a key of its own, which lies in FOLDER/keys/LAYER (64 bytes) for
// the test to open it by. One command a line on standard input, one answer a line: "ok", or what went wrong.
//   create VOLUME SIZE encrypted|plain [SNAPSHOT]   from the snapshot, if one is named
//   snapshot VOLUME SNAPSHOT                        durable when it answers
//   rekey VOLUME                                    a new key; `work` does it
//   remove SNAPSHOT                                 `work` merges what is left of it
//   work                                            background work, to its end
//   serve VOLUME | stop                             as NBD on SOCKET
#include <sys/stat.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>

#include "base/ids.h"
#include "base/random.h"
#include "export/nbd_server.h"
#include "volume/volume_store.h"

namespace {
using namespace coffer;

class VolumeServer {
 public:
  VolumeServer(std::string folder, std::string socket)
      : folder_(std::move(folder)), socket_(std::move(socket)) {}

  Status open() {
    COFFER_CHECK(system_disk().make_directory(folder_ + "/keys"));
    COFFER_TRY(opened,
               volume::VolumeStore::open_store(system_disk(), folder_ + "/volumes", "i-0123456789abcdef0"));
    store_ = std::move(opened);
    return {};
  }

  Status run(const std::string& line) {
    std::istringstream words(line);
    std::string command, subject, other, kind, snapshot;
    words >> command >> subject >> other >> kind >> snapshot;
    if (command == "create") {
      COFFER_TRY(layer, new_layer(subject, kind == "encrypted"));
      return store_->create({subject, std::stoull(other), layer, snapshot, false});
    }
    if (command == "snapshot") return make_snapshot(subject, other);
    if (command == "rekey") {
      COFFER_TRY(layer, new_layer(subject, true));
      COFFER_TRY(keys, keys_of(subject, &layer));
      return store_->rekey(subject, layer, keys);
    }
    if (command == "remove") return store_->remove_snapshot(subject);
    if (command == "work") return work();
    if (command == "serve") return serve(subject);
    if (command == "stop") return stop();
    return fail(ErrorKind::kInvalidArgument, "no such command: " + command);
  }

  Status stop() {
    if (server_) server_->stop();
    server_.reset();
    const Status flushed = served_ ? served_->flush() : Status();
    served_.reset();
    return flushed;
  }

 private:
  Result<volume::NewLayer> new_layer(const std::string& context, bool encrypted) {
    volume::NewLayer layer{make_resource_id(system_random(), "layer"), std::nullopt, context};
    if (!encrypted) return layer;
    Bytes key(64);
    system_random().fill(key);
    COFFER_CHECK(replace_file(system_disk(), folder_ + "/keys/" + layer.layer_id, key));
    layer.wrapped_key = to_bytes("the key lies in a file");
    return layer;
  }

  // Of what `subject` is made of, and of a layer that it is to get.
  Result<volume::LayerKeys> keys_of(const std::string& subject, const volume::NewLayer* next = nullptr) {
    COFFER_TRY(layers, store_->layers_of(subject));
    if (next != nullptr && next->wrapped_key) layers.push_back(*next);
    volume::LayerKeys keys;
    for (const volume::NewLayer& layer : layers) {
      COFFER_TRY(key, read_file(system_disk(), folder_ + "/keys/" + layer.layer_id));
      keys.push_back({layer.layer_id, secret::SecretBytes::copy_of(key)});
    }
    return keys;
  }

  Status make_snapshot(const std::string& volume_id, const std::string& snapshot_id) {
    COFFER_TRY(information, store_->information(volume_id));
    COFFER_TRY(layer, new_layer(volume_id, information.encrypted));
    COFFER_TRY(keys, keys_of(volume_id, &layer));
    COFFER_CHECK(store_->create_snapshots({{snapshot_id, volume_id, layer}}, keys));
    return store_->complete_snapshot(snapshot_id);
  }

  Status work() {
    for (auto pending = store_->pending_jobs(); !pending.empty(); pending = store_->pending_jobs()) {
      COFFER_TRY(keys, keys_of(pending.front().subject_id));
      COFFER_TRY(job, store_->open_job(pending.front().subject_id, keys));
      for (bool done = false; !done;) {
        COFFER_TRY(progress, job->step());
        done = progress.done;
      }
    }
    return {};
  }

  Status serve(const std::string& volume_id) {
    COFFER_TRY(keys, keys_of(volume_id));
    COFFER_TRY(opened, store_->open(volume_id, keys));
    served_ = std::move(opened);
    COFFER_TRY(server, exporting::NbdServer::start({"disk", "a volume for tests", served_}, socket_));
    server_ = std::move(server);
    return {};
  }

  const std::string folder_, socket_;
  std::unique_ptr<volume::VolumeStore> store_;
  std::shared_ptr<volume::Volume> served_;
  std::unique_ptr<exporting::NbdServer> server_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: volume_server FOLDER SOCKET\n", stderr);
    return 2;
  }
  VolumeServer server(arguments[1], arguments[2]);
  const auto answer = [](const Status& status) {
    std::cout << (status ? "ok" : "error: " + status.error().message) << std::endl;
    return status.has_value();
  };
  if (!answer(server.open())) return 1;
  for (std::string line; std::getline(std::cin, line);) answer(server.run(line));
  return server.stop() ? 0 : 1;
}
