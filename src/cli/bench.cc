// SPDX-License-Identifier: Apache-2.0
// `coffer bench`: what encryption costs on this machine: the cipher alone, by our kernel and by OpenSSL, and
// the cipher beside writing to the file system that the data folder is on. Needs no running installation.
// Servers are compared by bench/nbd_peers.py.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>

#include "base/disk.h"
#include "base/random.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/exit_code.h"
#include "cli/machine.h"
#include "cli/output.h"
#include "crypto/cipher_policy.h"
#include "crypto/xts.h"
#include "crypto/xts_openssl.h"

namespace coffer::cli {
namespace {

using Time = std::chrono::steady_clock;
constexpr size_t kPiece = 128 << 10;  // as volumes encrypt
constexpr size_t kScratchFile = 64 << 20;
constexpr int kFlushes = 64;

double seconds_since(Time::time_point start) {
  return std::chrono::duration<double>(Time::now() - start).count();
}

// Bytes a second of an action over kPiece bytes: the best of five rounds of 50 ms, as others disturb only to
// the worse.
double rate(const std::function<void()>& action) {
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const auto start = Time::now();
    size_t done = 0;
    while (seconds_since(start) < 0.05) {
      action();
      done += kPiece;
    }
    best = std::max(best, static_cast<double>(done) / seconds_since(start));
  }
  return best;
}

struct CipherRow {
  size_t sector_size = 0;
  double ours = 0, openssl = 0;
};

struct Figures {
  std::string provider, folder;
  std::vector<CipherRow> cipher;
  double plain_writes = 0, encrypted_writes = 0;  // bytes a second
  double flush = 0;                               // seconds, median
};

std::vector<CipherRow> measure_ciphers(crypto::XtsCipher& ours, crypto::XtsCipher& openssl) {
  const Bytes in(kPiece, 1);
  Bytes out(kPiece);
  std::vector<CipherRow> rows;
  for (const size_t sector_size : {4096, 512}) {
    const auto encrypt = [&](crypto::XtsCipher& cipher) {
      return rate([&] { cipher.encrypt(0, sector_size, in, out); });
    };
    rows.push_back({sector_size, encrypt(ours), encrypt(openssl)});
  }
  return rows;
}

double write_rate(File& file, const std::function<ByteView()>& piece, Status& status) {
  const auto start = Time::now();
  for (size_t at = 0; at < kScratchFile && status; at += kPiece) status = file.write(at, piece());
  return static_cast<double>(kScratchFile) / seconds_since(start);
}

Status measure_writes(File& file, crypto::XtsCipher& cipher, Figures& figures) {
  const Bytes plain(kPiece, 1);
  Bytes sealed(kPiece);
  Status status;
  // Once without looking, so that both find the file's space taken.
  (void)write_rate(
      file, [&] { return ByteView(plain); }, status);
  for (int round = 0; round < 3 && status; ++round) {
    figures.plain_writes = std::max(figures.plain_writes, write_rate(
                                                              file, [&] { return ByteView(plain); }, status));
    const auto encrypted = [&] {
      cipher.encrypt(0, 4096, plain, sealed);
      return ByteView(sealed);
    };
    figures.encrypted_writes = std::max(figures.encrypted_writes, write_rate(file, encrypted, status));
  }
  COFFER_CHECK(status);
  COFFER_CHECK(file.flush());
  std::vector<double> flushes;
  for (int i = 0; i < kFlushes; ++i) {
    COFFER_CHECK(file.write(0, ByteView(plain).first(4096)));
    const auto start = Time::now();
    COFFER_CHECK(file.flush());
    flushes.push_back(seconds_since(start));
  }
  std::ranges::sort(flushes);
  figures.flush = flushes[flushes.size() / 2];
  return {};
}

Result<Figures> measure(const std::string& data) {
  Figures figures;
  figures.provider = crypto::xts_provider();
  figures.folder = nearest_existing(data);
  secret::SecretBytes key(crypto::kXtsKeySize);
  const auto access = secret::RawAccess::because("a key for measuring only");
  system_random().fill(key.write(access));
  COFFER_TRY(ours, crypto::XtsCipher::create(key));
  const auto openssl = crypto::make_openssl_xts(key.read(access));
  figures.cipher = measure_ciphers(*ours, *openssl);

  const std::string path = figures.folder + "/.coffer-bench";
  COFFER_TRY(file, system_disk().open(path, {.create = true}));
  const Status measured = measure_writes(*file, *ours, figures);
  COFFER_CHECK(system_disk().remove(path));
  COFFER_CHECK(measured);
  return figures;
}

std::string as_json(const Figures& figures) {
  const auto whole = [](double value) { return static_cast<int64_t>(value); };
  Document ciphers = Document::array();
  for (const CipherRow& row : figures.cipher) {
    Document one;
    one.set("sector_size", static_cast<int64_t>(row.sector_size));
    one.set("bytes_per_second", whole(row.ours));
    one.set("openssl_bytes_per_second", whole(row.openssl));
    ciphers.append(one);
  }
  Document document;
  document.set("provider", figures.provider);
  document.set("aes_256_xts", ciphers);
  document.set("folder", figures.folder);
  document.set("plain_write_bytes_per_second", whole(figures.plain_writes));
  document.set("encrypted_write_bytes_per_second", whole(figures.encrypted_writes));
  document.set("flush_microseconds", whole(figures.flush * 1e6));
  return document.pretty();
}

std::string as_text(const Figures& figures) {
  std::vector<std::vector<std::string>> rows = {{"AES-256-XTS", figures.provider, "OPENSSL", "RATIO"}};
  for (const CipherRow& row : figures.cipher)
    rows.push_back({fmt::format("{} B sectors", row.sector_size), fmt::format("{:.1f} GB/s", row.ours / 1e9),
                    fmt::format("{:.1f} GB/s", row.openssl / 1e9),
                    fmt::format("{:.2f}", row.ours / row.openssl)});
  std::vector<std::vector<std::string>> files = {{"FILES", "PLAIN", "ENCRYPTED", "RATIO"}};
  files.push_back({"written, 128 KiB a call", fmt::format("{:.1f} GB/s", figures.plain_writes / 1e9),
                   fmt::format("{:.1f} GB/s", figures.encrypted_writes / 1e9),
                   fmt::format("{:.2f}", figures.encrypted_writes / figures.plain_writes)});
  return table(rows) + "\n" + table(files) +
         fmt::format(
             "A flush in {} takes {:.0f} µs (median).\nOne thread, best of several rounds; see "
             "docs/PERFORMANCE.md for servers and clients.\n",
             figures.folder, figures.flush * 1e6);
}

}  // namespace

int bench(const Common& common) {
  const auto figures = measure(common.data);
  if (!figures) return complain_about(figures.error());
  print(common.json ? as_json(*figures) : as_text(*figures));
  return kOk;
}

}  // namespace coffer::cli
