// SPDX-License-Identifier: Apache-2.0
// Replays a log of a file system's writes (tests/support/write_log.h) into an encrypted volume on a simulated
// disk, and cuts the power: once somewhere before each flush of the log, and once right after it. Now and
// then a snapshot is made, and later deleted and merged.
//   replay_write_log LOG BASE IMAGE SEED [ignore-flushes]
// BASE is what the device held before the log. After each power cut the volume is opened again and written to
// IMAGE, a line "before N" or "after N" is printed (N: the flush), and a line is read before it goes on: the
// test looks at the image meanwhile. With ignore-flushes the log's flushes are not passed on: a broken
// engine, to show that the test would see one. The last line is "end FLUSHES", with the image as the log
// leaves it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>

#include "base/file_descriptor.h"
#include "tests/support/write_log.h"
#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_volume.h"

namespace {
using namespace coffer;
using testing::LoggedWrite;

class Replay {
 public:
  Replay(std::vector<LoggedWrite> log, Bytes base, std::string image, uint64_t seed, bool ignore_flushes)
      : log_(std::move(log)),
        base_(std::move(base)),
        image_(std::move(image)),
        disk_(seed),
        random_(seed),
        ignore_flushes_(ignore_flushes) {}

  Status run() {
    COFFER_TRY(store, volume::VolumeStore::open_store(disk_, "/volumes", volume::kHostId));
    COFFER_CHECK(disk_.flush_directory("/"));
    COFFER_CHECK(store->create({volume::kVolumeId, base_.size(), new_layer(), {}, false}));
    store_ = std::move(store);
    COFFER_CHECK(open());
    COFFER_CHECK(write_base());
    size_t since = 0, flushes = 0;
    for (size_t at = 0; at < log_.size(); ++at) {
      if (!log_[at].flush) continue;
      ++flushes;
      if (at > since) {
        COFFER_CHECK(cut_between(since, at));
        COFFER_CHECK(look("before", flushes));
      }
      // What was lost is written again: so the volume holds what the log says at this flush.
      COFFER_CHECK(apply(since, at));
      if (!ignore_flushes_) COFFER_CHECK(volume_->flush());
      COFFER_CHECK(restart());
      COFFER_CHECK(look("after", flushes));
      if (random_() % 16 == 0) COFFER_CHECK(snapshot());
      since = at + 1;
    }
    COFFER_CHECK(apply(since, log_.size()));
    return look("end", flushes);
  }

 private:
  volume::NewLayer new_layer() {
    const std::string id = fmt::format("layer-{:017x}", keys_.size() + 1);
    keys_[id] = volume::random_contents(random_, crypto::kXtsKeySize);
    return {id, to_bytes("wrapped"), volume::kVolumeId};
  }
  volume::LayerKeys keys() const {
    volume::LayerKeys keys;
    for (const auto& [id, key] : keys_) keys.push_back({id, secret::SecretBytes::copy_of(key)});
    return keys;
  }

  Status open() {
    COFFER_TRY(volume, store_->open(volume::kVolumeId, keys()));
    volume_ = std::move(volume);
    return {};
  }
  Status restart() {
    volume_.reset();
    store_.reset();
    disk_.restart();
    COFFER_TRY(store, volume::VolumeStore::open_store(disk_, "/volumes", volume::kHostId));
    store_ = std::move(store);
    return open();
  }

  Status write_base() {
    constexpr size_t kPiece = 4096;
    for (size_t at = 0; at < base_.size(); at += kPiece) {
      const ByteView piece = ByteView(base_).subspan(at, std::min(kPiece, base_.size() - at));
      if (std::ranges::any_of(piece, [](uint8_t byte) { return byte != 0; }))
        COFFER_CHECK(volume_->write(at, piece, false));
    }
    return volume_->flush();
  }

  Status apply(size_t from, size_t to) {
    for (size_t at = from; at < to; ++at) {
      const LoggedWrite& write = log_[at];
      if (write.discard) COFFER_CHECK(volume_->discard(write.offset, write.length, write.durable));
      if (!write.data.empty()) COFFER_CHECK(volume_->write(write.offset, write.data, write.durable));
    }
    return {};
  }

  // The power goes after some of the writes, or while the flush is at work.
  Status cut_between(size_t from, size_t to) {
    if (random_() % 2 == 0) {
      COFFER_CHECK(apply(from, from + 1 + random_() % (to - from)));
      return restart();
    }
    COFFER_CHECK(apply(from, to));
    disk_.count_from_here();
    disk_.cut_power_at(1 + random_() % 8);
    (void)volume_->flush();
    return restart();
  }

  Status snapshot() {
    if (snapshots_.size() == 3) {
      for (const std::string& id : std::exchange(snapshots_, {})) COFFER_CHECK(store_->remove_snapshot(id));
      for (auto pending = store_->pending_jobs(); !pending.empty(); pending = store_->pending_jobs()) {
        COFFER_TRY(job, store_->open_job(pending.front().subject_id, keys()));
        for (bool done = false; !done;) {
          COFFER_TRY(progress, job->step());
          done = progress.done;
        }
      }
    }
    const std::string id = fmt::format("snap-{:017x}", keys_.size());
    const volume::NewLayer top = new_layer();
    COFFER_CHECK(store_->create_snapshots({{id, volume::kVolumeId, top}}, keys()));
    snapshots_.push_back(id);
    return store_->complete_snapshot(id);
  }

  // Gives the volume's contents to whoever started this program.
  Status look(const char* what, size_t flush) {
    FileDescriptor file(::open(image_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    if (file.get() < 0 || ::ftruncate(file.get(), static_cast<off_t>(base_.size())) != 0)
      return fail_errno(image_);
    Bytes piece(256 << 10);
    for (uint64_t at = 0; at < base_.size(); at += piece.size()) {
      const MutableByteView part =
          MutableByteView(piece).first(std::min<uint64_t>(piece.size(), base_.size() - at));
      COFFER_CHECK(volume_->read(at, part));
      if (std::ranges::all_of(part, [](uint8_t byte) { return byte == 0; })) continue;
      if (::pwrite(file.get(), part.data(), part.size(), static_cast<off_t>(at)) !=
          static_cast<ssize_t>(part.size()))
        return fail_errno(image_);
    }
    std::cout << what << " " << flush << std::endl;
    std::string answer;
    if (!std::getline(std::cin, answer)) return fail(ErrorKind::kIo, "nobody looks at the image");
    return {};
  }

  const std::vector<LoggedWrite> log_;
  const Bytes base_;
  const std::string image_;
  volume::SimulatedDisk disk_;
  std::mt19937_64 random_;
  const bool ignore_flushes_;
  std::map<std::string, Bytes> keys_;
  std::vector<std::string> snapshots_;
  std::unique_ptr<volume::VolumeStore> store_;
  std::shared_ptr<volume::Volume> volume_;
};

Status run(char** arguments, bool ignore_flushes) {
  COFFER_TRY(log, testing::read_write_log(system_disk(), arguments[1]));
  COFFER_TRY(base, read_file(system_disk(), arguments[2], 1 << 30));
  return Replay(std::move(log), std::move(base), arguments[3], std::stoull(arguments[4]), ignore_flushes)
      .run();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5 && count != 6) {
    std::fputs("usage: replay_write_log LOG BASE IMAGE SEED [ignore-flushes]\n", stderr);
    return 2;
  }
  const Status done = run(arguments, count == 6);
  if (done) return 0;
  std::fprintf(stderr, "replay_write_log: %s\n", done.error().message.c_str());
  return 1;
}
