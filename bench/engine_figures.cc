// SPDX-License-Identifier: Apache-2.0
// Measures the volume engine without a client between: reads through long chains, the pause of a snapshot,
// the first writes after one, and a snapshot's copy. Prints one "name value unit" a line;
// bench/engine_ratios.py makes ratios of them. bench_engine FOLDER [ROUNDS]: FOLDER should be in memory.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "volume/volume_store.h"

namespace {
using namespace coffer;
using Time = std::chrono::steady_clock;
constexpr uint64_t kMiB = 1 << 20, kGiB = 1 << 30;

double seconds_since(Time::time_point start) {
  return std::chrono::duration<double>(Time::now() - start).count();
}

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "bench_engine: %s\n", result.error().message.c_str());
  std::exit(1);
}
void must(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "bench_engine: %s\n", status.error().message.c_str());
  std::exit(1);
}

std::string id(const char* prefix, uint64_t number) {
  char text[64];
  std::snprintf(text, sizeof text, "%s-%017llx", prefix, static_cast<unsigned long long>(number));
  return text;
}

// One store, with keys made up as they are needed.
class Bench {
 public:
  explicit Bench(const std::string& folder)
      : store_(must(volume::VolumeStore::open_store(system_disk(), folder, "i-00000000000000001"))) {}

  volume::NewLayer layer() {
    const volume::NewLayer made{id("layer", ++number_), Bytes(16, 1), "vol-00000000000000001"};
    secret::SecretBytes key(64);
    system_random().fill(key.write(secret::RawAccess::because("a benchmark makes up a key")));
    keys_.push_back({made.layer_id, std::move(key)});
    return made;
  }
  std::shared_ptr<volume::Volume> create(uint64_t size) {
    volume_ = id("vol", ++number_);
    must(store_->create({volume_, size, layer(), {}, false}));
    return must(store_->open(volume_, keys_));
  }
  std::string snapshot() {
    const std::string snapshot = id("snap", ++number_);
    const volume::NewLayer top = layer();
    must(store_->create_snapshots({{snapshot, volume_, top}}, keys_));
    return snapshot;
  }
  void complete(const std::string& snapshot) { must(store_->complete_snapshot(snapshot)); }
  void remove_snapshot(const std::string& snapshot) { must(store_->remove_snapshot(snapshot)); }
  void remove() { must(store_->remove(volume_)); }
  double copy(const std::string& source, uint64_t size) {
    const std::string copy = id("snap", ++number_);
    must(store_->create_detached_snapshot({copy, size, layer(), source, {}}));
    auto job = must(store_->open_job(copy, keys_));
    const auto start = Time::now();
    while (!must(job->step()).done) continue;
    const double seconds = seconds_since(start);
    job.reset();
    must(store_->remove_snapshot(copy));
    return seconds;
  }

 private:
  std::unique_ptr<volume::VolumeStore> store_;
  volume::LayerKeys keys_;
  std::string volume_;
  uint64_t number_ = 0;
};

void fill(volume::Volume& volume, uint64_t from, uint64_t length) {
  const Bytes data(kMiB, 0x5a);
  for (uint64_t at = from; at < from + length; at += data.size()) must(volume.write(at, data, false));
}

// 4 KiB random reads a second.
double random_reads(volume::Volume& volume, uint64_t span, double seconds) {
  std::mt19937_64 random(1);
  Bytes out(4096);
  uint64_t count = 0;
  const auto start = Time::now();
  while (seconds_since(start) < seconds)
    for (int i = 0; i < 256; ++i, ++count) must(volume.read(random() % (span / 4096) * 4096, out));
  return static_cast<double>(count) / seconds_since(start);
}

// A volume of 256 MiB whose sectors are spread over a chain of `layers`.
double chain_reads(const std::string& folder, uint64_t layers, double seconds) {
  constexpr uint64_t kSpan = 256 * kMiB;
  Bench bench(folder);
  const auto volume = bench.create(kSpan);
  fill(*volume, 0, kSpan);
  std::mt19937_64 random(2);
  const Bytes data(4096, 1);
  const uint64_t writes = kSpan / 4096 / layers;
  for (uint64_t i = 1; i < layers; ++i) {
    bench.snapshot();
    for (uint64_t n = 0; n < writes; ++n) must(volume->write(random() % (kSpan / 4096) * 4096, data, false));
  }
  Bytes all(kMiB);  // what is read first has to be mapped, or fetched, once
  for (uint64_t at = 0; at < kSpan; at += all.size()) must(volume->read(at, all));
  return random_reads(*volume, kSpan, seconds);
}

// What the slowest write of each window took, in µs, over all windows.
struct Pauses {
  double median = 0, most = 0;
};
Pauses summarise(std::vector<double> all) {
  std::ranges::sort(all);
  return {all[all.size() / 2], all.back()};
}

struct Window {
  double begin = 0, end = 0;  // seconds
};
struct Write {
  double begin = 0, end = 0;
};

std::vector<double> slowest_in(const std::vector<Window>& windows, const std::vector<Write>& writes) {
  std::vector<double> slowest;
  auto first = writes.begin();
  for (const Window& window : windows) {
    while (first != writes.end() && first->end < window.begin) ++first;
    double most = 0;
    for (auto write = first; write != writes.end() && write->begin < window.end; ++write)
      most = std::max(most, (write->end - write->begin) * 1e6);
    slowest.push_back(most);
  }
  return slowest;
}

// 4 KiB writes without pause by one thread; another takes snapshots, and between two of them does nothing for
// as long as the snapshot took: what the machine does to the writes by itself.
void snapshot_pause(const std::string& folder, const char* name, uint64_t size, int snapshots) {
  Bench bench(folder);
  const auto volume = bench.create(size);
  const Bytes data(4096, 3);
  for (uint64_t at = 0; at < size; at += 64 * kMiB) must(volume->write(at, data, false));
  must(volume->flush());

  std::atomic<bool> stop = false;
  std::vector<Write> writes;
  writes.reserve(4 << 20);
  const auto start = Time::now();
  std::thread writer([&] {
    std::mt19937_64 random(3);
    while (!stop) {
      const double begin = seconds_since(start);
      must(volume->write(random() % (256 * kMiB / 4096) * 4096, data, false));
      writes.push_back({begin, seconds_since(start)});
    }
  });
  std::vector<Window> taken, idle;
  for (int i = 0; i < snapshots; ++i) {
    const double begin = seconds_since(start);
    const std::string made = bench.snapshot();
    const double end = seconds_since(start);
    taken.push_back({begin, end});
    bench.complete(made);
    bench.remove_snapshot(made);
    const double rest = seconds_since(start);
    std::this_thread::sleep_for(std::chrono::duration<double>(end - begin));
    idle.push_back({rest, seconds_since(start)});
  }
  stop = true;
  writer.join();
  const Pauses with = summarise(slowest_in(taken, writes)), without = summarise(slowest_in(idle, writes));
  std::printf(
      "pause_median_%s %.1f us\npause_most_%s %.1f us\nno_pause_median_%s %.1f us\nno_pause_most_%s %.1f "
      "us\n",
      name, with.median, name, with.most, name, without.median, name, without.most);
}

double write_rate(volume::Volume& volume, uint64_t span) {
  const Bytes data(64 << 10, 4);
  const auto start = Time::now();
  for (uint64_t at = 0; at < span; at += data.size()) must(volume.write(at, data, false));
  return static_cast<double>(span) / seconds_since(start);
}

// The first writes to sectors after a snapshot, beside first writes to an empty volume: both take new space.
void first_writes(const std::string& folder) {
  constexpr uint64_t kSpan = 256 * kMiB;
  Bench bench(folder);
  const auto volume = bench.create(kSpan);
  const double empty = write_rate(*volume, kSpan);
  bench.snapshot();
  const double after = write_rate(*volume, kSpan);
  std::printf("first_writes_empty %.0f B/s\nfirst_writes_after_snapshot %.0f B/s\n", empty, after);
}

void copy(const std::string& folder) {
  constexpr uint64_t kSpan = kGiB;
  Bench bench(folder);
  const auto volume = bench.create(kSpan);
  fill(*volume, 0, kSpan);
  const std::string snapshot = bench.snapshot();
  bench.complete(snapshot);
  std::printf("copy_snapshot %.0f B/s\n", static_cast<double>(kSpan) / bench.copy(snapshot, kSpan));
}

}  // namespace

int main(int count, char** words) {
  set_log_level(LogLevel::kError);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (count < 2) {
    std::fputs("usage: bench_engine FOLDER [ROUNDS]\n", stderr);
    return 2;
  }
  const std::string folder = std::string(words[1]) + "/engine";
  const int rounds = count > 2 ? std::atoi(words[2]) : 3;
  const auto fresh = [&]() -> const std::string& {
    std::filesystem::remove_all(folder);
    return folder;
  };
  for (int round = 0; round < rounds; ++round) {
    std::printf("reads_2_layers %.0f 1/s\n", chain_reads(fresh(), 2, 1.0));
    std::printf("reads_1000_layers %.0f 1/s\n", chain_reads(fresh(), 1000, 1.0));
    first_writes(fresh());
    copy(fresh());
    snapshot_pause(fresh(), "1GiB", kGiB, 200);
    snapshot_pause(fresh(), "1TiB", 1024 * kGiB, 200);
  }
  std::filesystem::remove_all(folder);
}
