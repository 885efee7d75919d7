// SPDX-License-Identifier: Apache-2.0
// Every kernel that this machine runs, against published vectors and OpenSSL, in memory that ends where its
// sectors end.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "crypto/cipher_policy.h"
#include "crypto/kernels/kernel_xts.h"
#include "crypto/kernels/xts_admission.h"
#include "crypto/kernels/xts_kernels.h"
#include "crypto/random.h"
#include "crypto/xts_openssl.h"
#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

constexpr size_t kLargestSector = 4096;

std::vector<XtsKernel> runnable_kernels() {
  std::vector<XtsKernel> runnable;
  for (const XtsKernel& kernel : xts_kernels())
    if (kernel.is_runnable()) runnable.push_back(kernel);
  return runnable;
}

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::stoull(value);
}

struct Call {
  bool encrypt = true;
  uint64_t first = 0, increment = 1;
  size_t sector_size = 512, sectors = 1;

  size_t size() const { return sector_size * sectors; }
};

std::ostream& operator<<(std::ostream& out, const Call& call) {
  return out << (call.encrypt ? "encrypt " : "decrypt ") << call.sectors << " of " << call.sector_size
             << ", tweak " << call.first << " + " << call.increment;
}

class XtsKernelTest : public testing::TestWithParam<XtsKernel> {
 protected:
  XtsKernelTest()
      : schedule_(sizeof(XtsSchedule)), openssl_(make_openssl_xts(key_)), random_(std::random_device()()) {
    GetParam().expand(key_.data(), schedule());
  }

  XtsSchedule& schedule() {
    return *reinterpret_cast<XtsSchedule*>(
        schedule_.write(secret::RawAccess::because("a test's key schedule")).data());
  }
  void run(const Call& call, const uint8_t* in, uint8_t* out) {
    GetParam().run(schedule(), call.encrypt, call.first, call.increment, call.sector_size, in, out,
                   call.sectors);
  }
  // Sector by sector, each with a tweak of its own.
  Bytes expected(const Call& call, ByteView in) {
    Bytes out(in.size());
    for (size_t i = 0; i < call.sectors; ++i) {
      const ByteView from = in.subspan(i * call.sector_size, call.sector_size);
      const auto to = MutableByteView(out).subspan(i * call.sector_size, call.sector_size);
      const uint64_t tweak = call.first + i * call.increment;
      if (call.encrypt)
        openssl_->encrypt(tweak, call.sector_size, from, to);
      else
        openssl_->decrypt(tweak, call.sector_size, from, to);
    }
    return out;
  }

  const Bytes key_ = random_bytes(kXtsKeySize);
  secret::SecretBytes schedule_;
  const std::unique_ptr<XtsCipher> openssl_;
  std::mt19937_64 random_;
};

INSTANTIATE_TEST_SUITE_P(Xts, XtsKernelTest, testing::ValuesIn(runnable_kernels()), [](const auto& kernel) {
  std::string name = kernel.param.name;
  std::erase(name, '-');
  return name;
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(XtsKernelTest);  // a processor without any

TEST_P(XtsKernelTest, ReproducesThePublishedVectors) {
  for (const VectorCase& fields : vector_file("aes_256_xts.txt")) {
    SCOPED_TRACE(fields[0]);
    const auto cipher = make_kernel_xts(GetParam(), bytes_of(fields[1]));
    const uint64_t sector = std::stoull(fields[2]);
    const Bytes plaintext = bytes_of(fields[3]), ciphertext = bytes_of(fields[4]);
    Bytes out(plaintext.size());
    cipher->encrypt(sector, plaintext.size(), plaintext, out);
    EXPECT_EQ(hex(out), hex(ciphertext));
    cipher->decrypt(sector, ciphertext.size(), ciphertext, out);
    EXPECT_EQ(hex(out), hex(plaintext));
  }
}

// Random calls with tweaks around the edges of 32 and 64 bits. COFFER_XTS_CASES and COFFER_SEED make it long
// and repeat it.
TEST_P(XtsKernelTest, AgreesWithOpenssl) {
  const uint64_t seed = number_from_environment("COFFER_SEED", random_());
  const uint64_t cases = number_from_environment("COFFER_XTS_CASES", 400);
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  random_.seed(seed);
  Bytes memory(2 * 64 + 100 * kLargestSector), in;
  for (uint64_t i = 0; i < cases; ++i) {
    const size_t sizes[] = {512, 4096, 16 * (random_() % 256 + 1)};
    const uint64_t firsts[] = {random_(), (uint64_t{1} << 32) - random_() % 50, 0 - random_() % 50, 0};
    const uint64_t increments[] = {1, 8, random_()};
    const Call call{.encrypt = random_() % 2 == 0,
                    .first = firsts[random_() % std::size(firsts)],
                    .increment = increments[random_() % std::size(increments)],
                    .sector_size = sizes[random_() % std::size(sizes)],
                    .sectors = random_() % 100};
    in.resize(call.size());
    for (uint8_t& byte : in) byte = static_cast<uint8_t>(random_());
    uint8_t* const out = memory.data() + random_() % 64;
    const bool in_place = random_() % 2 == 0;
    if (in_place) std::copy(in.begin(), in.end(), out);
    run(call, in_place ? out : in.data(), out);
    ASSERT_EQ(Bytes(out, out + call.size()), expected(call, in)) << call << (in_place ? " in place" : "");
  }
}

// Each alignment of input and output to a register's 64 bytes, and nothing written beside the output.
TEST_P(XtsKernelTest, AnyAlignmentWillDo) {
  constexpr size_t kAlignments = 64;
  constexpr uint8_t kUntouched = 0x5a;
  for (const bool encrypt : {true, false}) {
    const Call call{.encrypt = encrypt, .first = 9, .sector_size = 1072, .sectors = 2};
    const Bytes contents = random_bytes(call.size()), result = expected(call, contents);
    Bytes in(call.size() + kAlignments), out(call.size() + 3 * kAlignments);
    for (size_t from = 0; from < kAlignments; ++from) {
      std::copy(contents.begin(), contents.end(), in.begin() + static_cast<ptrdiff_t>(from));
      for (size_t to = kAlignments; to < 2 * kAlignments; ++to) {
        std::fill(out.begin(), out.end(), kUntouched);
        run(call, in.data() + from, out.data() + to);
        const auto begin = out.begin() + static_cast<ptrdiff_t>(to);
        const auto end = begin + static_cast<ptrdiff_t>(call.size());
        ASSERT_TRUE(std::equal(begin, end, result.begin())) << call << " " << from << " " << to;
        ASSERT_EQ(std::count(out.begin(), begin, kUntouched), begin - out.begin()) << call << " " << to;
        ASSERT_EQ(std::count(end, out.end(), kUntouched), out.end() - end) << call << " " << to;
      }
    }
  }
}

// Memory between two pages that nobody may touch.
class GuardedMemory {
 public:
  explicit GuardedMemory(size_t size) : page_(static_cast<size_t>(::sysconf(_SC_PAGESIZE))) {
    size_ = (size + page_ - 1) / page_ * page_;
    mapping_ = static_cast<uint8_t*>(
        ::mmap(nullptr, size_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_NE(mapping_, MAP_FAILED);
    EXPECT_EQ(::mprotect(begin(), size_, PROT_READ | PROT_WRITE), 0);
  }
  ~GuardedMemory() { ::munmap(mapping_, size_ + 2 * page_); }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  uint8_t* begin() const { return mapping_ + page_; }
  uint8_t* end() const { return begin() + size_; }

 private:
  const size_t page_;
  size_t size_ = 0;
  uint8_t* mapping_ = nullptr;
};

// An access before the first or after the last byte of input or output faults.
TEST_P(XtsKernelTest, StaysInsideItsBuffers) {
  const GuardedMemory in(3 * kLargestSector), out(3 * kLargestSector);
  for (size_t sector_size = 16; sector_size <= kLargestSector; sector_size += 16)
    for (const size_t sectors : {1, 3})
      for (const bool encrypt : {true, false}) {
        const Call call{.encrypt = encrypt, .first = 7, .sector_size = sector_size, .sectors = sectors};
        const Bytes contents = random_bytes(call.size()), result = expected(call, contents);
        for (uint8_t* from : {in.begin(), in.end() - call.size()})
          for (uint8_t* to : {out.begin(), out.end() - call.size()}) {
            std::copy(contents.begin(), contents.end(), from);
            run(call, from, to);
            ASSERT_EQ(Bytes(to, to + call.size()), result) << call;
          }
      }
}

using XtsKernelDeathTest = XtsKernelTest;
INSTANTIATE_TEST_SUITE_P(Xts, XtsKernelDeathTest, testing::ValuesIn(runnable_kernels()));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(XtsKernelDeathTest);

// The control of the test before: do the guards stop a kernel that goes sixteen bytes too far?
TEST_P(XtsKernelDeathTest, GuardsStopAnAccessTooFar) {
  const GuardedMemory in(512), out(512);
  const Call call{.sector_size = 528};
  Bytes elsewhere(528);
  EXPECT_DEATH(run(call, in.end() - 512, elsewhere.data()), "");
  EXPECT_DEATH(run(call, elsewhere.data(), out.end() - 512), "");
}

TEST_P(XtsKernelTest, IsAdmitted) {
  const Status admitted = admit(GetParam());
  EXPECT_TRUE(admitted) << admitted.error().message;
}

// Kernels with one fault each, around the fastest that works.
XtsKernel working() {
  return runnable_kernels().front();
}
using RunArguments = void(const XtsSchedule&, bool, uint64_t, uint64_t, size_t, const uint8_t*, uint8_t*,
                          size_t);

RunArguments wrong_last_bit_of_many, decrypts_wrongly, same_tweak_for_all, misaligned_wrongly;

void wrong_last_bit_of_many(const XtsSchedule& schedule, bool encrypt, uint64_t first, uint64_t increment,
                            size_t size, const uint8_t* in, uint8_t* out, size_t sectors) {
  working().run(schedule, encrypt, first, increment, size, in, out, sectors);
  if (sectors > 32) out[size * sectors - 1] ^= 0x80;
}
void decrypts_wrongly(const XtsSchedule& schedule, bool, uint64_t first, uint64_t increment, size_t size,
                      const uint8_t* in, uint8_t* out, size_t sectors) {
  working().run(schedule, true, first, increment, size, in, out, sectors);
}
void same_tweak_for_all(const XtsSchedule& schedule, bool encrypt, uint64_t first, uint64_t, size_t size,
                        const uint8_t* in, uint8_t* out, size_t sectors) {
  working().run(schedule, encrypt, first, 0, size, in, out, sectors);
}
void misaligned_wrongly(const XtsSchedule& schedule, bool encrypt, uint64_t first, uint64_t increment,
                        size_t size, const uint8_t* in, uint8_t* out, size_t sectors) {
  working().run(schedule, encrypt, first, increment, size, in, out, sectors);
  if (reinterpret_cast<uintptr_t>(in) % 16 != 0) out[0] ^= 1;
}

TEST(XtsAdmission, FaultyKernelsAreRefusedAndTheNextTaken) {
  if (runnable_kernels().empty()) {
    EXPECT_EQ(choose_kernel(xts_kernels()), nullptr);
    return;
  }
  for (const XtsFunction faulty :
       {wrong_last_bit_of_many, decrypts_wrongly, same_tweak_for_all, misaligned_wrongly}) {
    std::vector<XtsKernel> kernels = {working(), working()};
    kernels[0].name = "FAULTY";
    kernels[0].run = faulty;
    testing::internal::CaptureStderr();
    EXPECT_EQ(choose_kernel(kernels), &kernels[1]);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("kernel FAULTY is not used: it "), std::string::npos) << log;
    testing::internal::CaptureStderr();
    EXPECT_EQ(choose_kernel(std::span(kernels).first(1)), nullptr);
    testing::internal::GetCapturedStderr();
  }
}

TEST(XtsAdmission, AKernelForAnotherProcessorIsNotRun) {
  const XtsKernel foreign{"FOREIGN", [] { return false; },
                          [](const uint8_t*, XtsSchedule&) { FAIL() << "the foreign kernel ran"; }, nullptr};
  EXPECT_EQ(choose_kernel({&foreign, 1}), nullptr);
}

TEST(CipherPolicy, AutomaticTakesTheFastestThatRuns) {
  const auto runnable = runnable_kernels();
  EXPECT_EQ(xts_provider(), runnable.empty() ? "OpenSSL" : runnable.front().name);
}

TEST(CipherPolicyDeathTest, OpensslOnlyTakesNoKernel) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // the child is a new process, where nothing is chosen yet
  EXPECT_EXIT(
      {
        set_cipher_policy(CipherPolicy::kOpensslOnly);
        ::_exit(xts_provider() == "OpenSSL" && admitted_kernel() == nullptr ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(CipherPolicyDeathTest, TheChoiceIsMadeOnce) {
  EXPECT_EQ(xts_provider(), xts_provider());
  EXPECT_DEATH(set_cipher_policy(CipherPolicy::kOpensslOnly), "");
}

}  // namespace

// For GoogleTest, which would print the bytes.
void PrintTo(const XtsKernel& kernel, std::ostream* out) {
  *out << kernel.name;
}

}  // namespace coffer::crypto
