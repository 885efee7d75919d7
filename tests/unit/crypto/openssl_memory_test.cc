// SPDX-License-Identifier: Apache-2.0
// Where do the key schedules of OpenSSL's contexts and of our kernels lie? All tests of this program run with
// OpenSSL's memory in the arena, but where the environment asks for a run without it, which must fail (see
// the last two tests).
#include "crypto/openssl_memory.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdlib>

namespace {

constexpr const char* kWithoutArena = "COFFER_TEST_OPENSSL_WITHOUT_ARENA";

const bool arena_is_used = [] {
  const char* without = std::getenv(kWithoutArena);
  if (without != nullptr && std::string(without) == "always") return false;
  if (without != nullptr) EVP_CIPHER_CTX_free(EVP_CIPHER_CTX_new());  // "at first"
  coffer::crypto::use_arena_for_openssl();
  return true;
}();

}  // namespace

#ifndef COFFER_SANITIZED  // those builds have no arena

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "base/file_descriptor.h"
#include "crypto/aead.h"
#include "crypto/kernels/kernel_xts.h"
#include "crypto/kernels/xts_kernels.h"
#include "crypto/random.h"
#include "crypto/xts_openssl.h"
#include "secret/arena.h"
#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

struct Mapping {
  uintptr_t start = 0, end = 0;
  bool in_arena = false;
};

// The writable mappings of this process; those that are never dumped (proc(5), VmFlags "dd") are the arena's.
std::vector<Mapping> writable_mappings() {
  std::ifstream smaps("/proc/self/smaps");
  std::vector<Mapping> mappings;
  bool writable = false;
  for (std::string line; std::getline(smaps, line);) {
    Mapping mapping;
    char permissions[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &mapping.start, &mapping.end, permissions) == 3) {
      writable = permissions[1] == 'w';
      if (writable) mappings.push_back(mapping);
    } else if (writable && line.starts_with("VmFlags:")) {
      mappings.back().in_arena = line.find(" dd") != std::string::npos;
    }
  }
  return mappings;
}

// Looks for 16 bytes in this process's memory, through a window that is itself left out (it is a shared
// mapping, which the kernel joins with no other).
class MemorySearch {
 public:
  MemorySearch()
      : window_(static_cast<uint8_t*>(
            ::mmap(nullptr, kWindow, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))),
        memory_(::open("/proc/self/mem", O_RDONLY)) {
    EXPECT_NE(window_, MAP_FAILED);
    EXPECT_TRUE(memory_.valid());
  }
  ~MemorySearch() { ::munmap(window_, kWindow); }

  size_t hits_outside_arena(ByteView needle) const {
    size_t hits = 0;
    for (const Mapping& mapping : writable_mappings())
      if (!mapping.in_arena && mapping.start != reinterpret_cast<uintptr_t>(window_))
        hits += hits_in(mapping, needle);
    return hits;
  }

  static size_t hits_in_arena(ByteView needle) {
    size_t hits = 0;
    for (const Mapping& mapping : writable_mappings())
      if (mapping.in_arena)
        hits += count({reinterpret_cast<const uint8_t*>(mapping.start), mapping.end - mapping.start}, needle);
    return hits;
  }

 private:
  static constexpr size_t kWindow = 1 << 20, kOverlap = 64;

  static size_t count(ByteView haystack, ByteView needle) {
    size_t hits = 0;
    while (const void* hit = ::memmem(haystack.data(), haystack.size(), needle.data(), needle.size())) {
      ++hits;
      haystack =
          haystack.subspan(static_cast<size_t>(static_cast<const uint8_t*>(hit) - haystack.data()) + 1);
    }
    return hits;
  }

  size_t hits_in(const Mapping& mapping, ByteView needle) const {
    size_t hits = 0;
    for (uintptr_t at = mapping.start; at < mapping.end; at += kWindow - kOverlap) {
      const ssize_t got = ::pread(memory_.get(), window_, std::min<size_t>(kWindow, mapping.end - at),
                                  static_cast<off_t>(at));
      if (got > 0) hits += count({window_, static_cast<size_t>(got)}, needle);
    }
    return hits;
  }

  uint8_t* const window_;
  const FileDescriptor memory_;
};

uint8_t multiply(uint8_t a, uint8_t b) {  // FIPS 197 section 4.2
  uint8_t product = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1) != 0) product ^= a;
    a = static_cast<uint8_t>(a << 1 ^ ((a & 0x80) != 0 ? 0x1b : 0));
  }
  return product;
}

uint8_t substitute(uint8_t value) {  // FIPS 197 section 5.1.1: the inverse (value^254), then the affine map
  uint8_t inverse = 1;
  for (int i = 0; i < 254; ++i) inverse = multiply(inverse, value);
  uint8_t result = 0x63;
  for (int shift = 0; shift < 5; ++shift)
    result ^= static_cast<uint8_t>(inverse << shift | inverse >> (8 - shift));
  return result;
}

// Round key 2 of AES-256 (FIPS 197 section 5.2), the first that is not the key itself. Worked out inside the
// arena, so that the search finds no copy of ours.
SecretBytes round_key_2(const SecretBytes& key) {
  SecretBytes words(16);
  const uint8_t* k = key.read(RawAccess::because("a test expands the key")).data();
  uint8_t* w = words.write(RawAccess::because("a test expands the key")).data();
  for (size_t i = 0; i < 4; ++i) w[i] = k[i] ^ substitute(k[28 + (i + 1) % 4]);
  w[0] ^= 1;
  for (size_t i = 4; i < 16; ++i) w[i] = k[i] ^ w[i - 4];
  return words;
}

ByteView needle_of(const SecretBytes& bytes) {
  return bytes.read(RawAccess::because("a test searches for these bytes")).first(16);
}

// Each implementation that this machine runs, under one key.
std::vector<std::pair<std::string, std::function<std::unique_ptr<XtsCipher>(const SecretBytes&)>>>
all_ciphers() {
  const auto raw = [](const SecretBytes& key) {
    return key.read(RawAccess::because("a test makes a cipher"));
  };
  decltype(all_ciphers()) ciphers;
  ciphers.emplace_back("OpenSSL", [raw](const SecretBytes& key) { return make_openssl_xts(raw(key)); });
  for (const XtsKernel& kernel : xts_kernels())
    if (kernel.is_runnable())
      ciphers.emplace_back(
          kernel.name, [raw, &kernel](const SecretBytes& key) { return make_kernel_xts(kernel, raw(key)); });
  return ciphers;
}

// Is any part of the data key, raw or expanded, outside the arena while a volume is in use?
TEST(OpensslMemory, KeySchedulesLieInTheArena) {
  for (const auto& [name, make] : all_ciphers()) {
    SCOPED_TRACE(name);
    const SecretBytes key = random_secret(kXtsKeySize);
    const auto cipher = make(key);
    Bytes sector(4096);
    cipher->encrypt(7, 4096, sector, sector);
    cipher->decrypt(7, 4096, sector, sector);
    const MemorySearch search;
    for (const size_t half : {0, 32}) {
      const SecretBytes half_key = key.slice(half, 32), round_key = round_key_2(half_key);
      EXPECT_EQ(search.hits_outside_arena(needle_of(half_key)), 0u) << "the key at " << half;
      EXPECT_EQ(search.hits_outside_arena(needle_of(round_key)), 0u) << "the round key at " << half;
      if (!arena_is_used) continue;
      // `round_key` itself, and the schedules: of OpenSSL two pooled contexts and the two they were copied
      // from, of a kernel one with each round key four times.
      EXPECT_GE(MemorySearch::hits_in_arena(needle_of(round_key)), 3u);
    }
    // The control: a key that was left in the heap is found by the same search.
    Bytes left_in_heap = revealed(key);
    EXPECT_GE(search.hits_outside_arena(needle_of(key)), 1u);
    secret::wipe(left_in_heap);
  }
}

TEST(OpensslMemory, NothingStaysAfterTheCipherIsGone) {
  for (const auto& [name, make] : all_ciphers()) {
    SCOPED_TRACE(name);
    const SecretBytes key = random_secret(kXtsKeySize), round_key = round_key_2(key.slice(0, 32));
    {
      const auto cipher = make(key);
      Bytes sector(4096);
      cipher->encrypt(7, 4096, sector, sector);
      EXPECT_GT(MemorySearch::hits_in_arena(needle_of(round_key)), 1u);
    }
    EXPECT_EQ(MemorySearch::hits_in_arena(needle_of(round_key)), 1u);  // the needle itself
    EXPECT_EQ(MemorySearch().hits_outside_arena(needle_of(round_key)), 0u);
  }
}

// Is any round key of a kernel, of encryption, of decryption or of the tweak, on the stack or in the heap?
TEST(OpensslMemory, KernelsLeaveNoRoundKeyOutsideTheArena) {
  for (const XtsKernel& kernel : xts_kernels()) {
    if (!kernel.is_runnable()) continue;
    SCOPED_TRACE(kernel.name);
    const SecretBytes key = random_secret(kXtsKeySize);
    const ByteView raw = key.read(RawAccess::because("a test expands the key"));
    SecretBytes expanded(sizeof(XtsSchedule));
    const MutableByteView schedule = expanded.write(RawAccess::because("a test keeps the round keys"));
    kernel.expand(raw.data(), *reinterpret_cast<XtsSchedule*>(schedule.data()));
    const auto cipher = make_kernel_xts(kernel, raw);
    Bytes sectors(40 * 528);
    cipher->encrypt(7, 528, sectors, sectors);
    const MemorySearch search;
    for (size_t at = 0; at < schedule.size(); at += 64) {
      EXPECT_EQ(search.hits_outside_arena(schedule.subspan(at, 16)), 0u) << "round key " << at / 64;
      EXPECT_GE(MemorySearch::hits_in_arena(schedule.subspan(at, 16)), 8u) << "round key " << at / 64;
    }
  }
}

TEST(OpensslMemory, AeadLeavesNoKeyBehind) {
  const SecretBytes key = random_secret(kAeadKeySize), round_key = round_key_2(key);
  const Bytes iv = random_bytes(kAeadIvSize);
  const auto sealed = aead_seal(key, iv, {}, random_secret(100));
  ASSERT_TRUE(sealed);
  ASSERT_TRUE(aead_open(key, iv, {}, *sealed));
  const MemorySearch search;
  EXPECT_EQ(search.hits_outside_arena(needle_of(key)), 0u);
  EXPECT_EQ(search.hits_outside_arena(needle_of(round_key)), 0u);
  EXPECT_EQ(MemorySearch::hits_in_arena(needle_of(round_key)), 1u);
}

// The wait status of this same program with the first test only, and OpenSSL's memory in the heap.
int run_without_arena(const char* when) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kWithoutArena, when, 1);
    const FileDescriptor nowhere(::open("/dev/null", O_WRONLY));
    ::dup2(nowhere.get(), STDOUT_FILENO);
    ::execl("/proc/self/exe", "test_crypto", "--gtest_filter=OpensslMemory.KeySchedulesLieInTheArena",
            nullptr);
    ::_exit(2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Would the first test notice if OpenSSL's memory were not in the arena?
TEST(OpensslMemory, WithoutTheArenaTheSearchFindsSchedules) {
  const int status = run_without_arena("always");
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);  // GoogleTest's exit status for a failed test
}

TEST(OpensslMemory, ComingAfterOpensslHasAllocatedAborts) {
  const int status = run_without_arena("at first");
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

}  // namespace
}  // namespace coffer::crypto

#endif
