// SPDX-License-Identifier: Apache-2.0
#include "crypto/kernels/xts_admission.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/kernels/kernel_xts.h"
#include "crypto/random.h"
#include "crypto/xts_openssl.h"

namespace coffer::crypto {
namespace {

struct Vector {
  std::string_view name, key;
  uint64_t sector;
  std::string_view plaintext;  // empty: the bytes 0 to 255, twice
  std::string_view ciphertext;
};

// NIST CAVP XTSGenAES256 (CAVS 11.0), IEEE Std 1619-2007 annex B vector 10.
constexpr Vector kVectors[] = {
    {"nist/ENCRYPT/256/1",
     "ef010ca1a3663e32534349bc0bae62232a1573348568fb9ef41768a7674f507a727f98755397d0e0aa32f830338cc7a926c7"
     "73f09e57b357cd156afbca46e1a0",
     187, "ed98e01770a853b49db9e6aaf88f0a41b9b56e91a5a2b11d40529254f5523e75",
     "ca20c55e8dc149687d2541de39c3df6300bb5a163c10ced3666b1357db8bd39d"},
    {"nist/ENCRYPT/384/101",
     "f6db5326ea996b16ca0d439b5a0106e3a34ed343db489faad06979009399b03b3cd9ef23332d46414216531d9885a5a30b19"
     "64523992f42748202b80a4190d45",
     245, "bf6a09f93f94d6bdc8c5f5e158916c3371a540e46644f79414d84dda1339397ce90ebb768deeb88ecd2be175a396bb85",
     "b11a252c5776c439ea7baeaae7830418e574b2248cc8b524b7fd0cc8e1ecffa9812f45ae313e3e1f44127b27fb08a613"},
    {"ieee1619/10",
     "2718281828459045235360287471352662497757247093699959574966967627314159265358979323846264338327950288"
     "4197169399375105820974944592",
     255, "",
     "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b5d31e276f8fe4a8d66b317f9ac683f44680a"
     "86ac35adfc3345befecb4bb188fd5776926c49a3095eb108fd1098baec70aaa66999a72a82f27d848b21d4a741b0c5cd4d5f"
     "ff9dac89aeba122961d03a757123e9870f8acf1000020887891429ca2a3e7a7d7df7b10355165c8b9a6d0a7de8b062c4500d"
     "c4cd120c0f7418dae3d0b5781c34803fa75421c790dfe1de1834f280d7667b327f6c8cd7557e12ac3a0f93ec05c52e0493ef"
     "31a12d3d9260f79a289d6a379bc70c50841473d1a8cc81ec583e9645e07b8d9670655ba5bbcfecc6dc3966380ad8fecb17b6"
     "ba02469a020a84e18e8f84252070c13e9f1f289be54fbc481457778f616015e1327a02b140f1505eb309326d68378f837459"
     "5c849d84f4c333ec4423885143cb47bd71c5edae9be69a2ffeceb1bec9de244fbe15992b11b77c040f12bd8f6a975a44a0f9"
     "0c29a9abc3d4d893927284c58754cce294529f8614dcd2aba991925fedc4ae74ffac6e333b93eb4aff0479da9a410e4450e0"
     "dd7ae4c6e2910900575da401fc07059f645e8b7e9bfdef33943054ff84011493c27b3429eaedb4ed5376441a77ed43851ad7"
     "7f16f541dfd269d50d6a5f14fb0aab1cbb4c1550be97f7ab4066193c4caa773dad38014bd2092fa755c824bb5e54c4f36ffd"
     "a9fcea70b9c6e693e148c151"}};

// Single blocks, ends of steps of every kernel, whole steps; a batch of tweaks and more.
constexpr size_t kSectorSizes[] = {16, 496, 512, 528, 1072, 4096};
constexpr size_t kSectorCounts[] = {1, 5, 33};
constexpr size_t kMostMisalignment = 63;

Bytes plaintext_of(const Vector& vector) {
  if (!vector.plaintext.empty()) return from_hex(vector.plaintext).value();
  Bytes bytes(512);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
  return bytes;
}

Status reproduces(const XtsKernel& kernel, const Vector& vector) {
  const auto cipher = make_kernel_xts(kernel, from_hex(vector.key).value());
  const Bytes plaintext = plaintext_of(vector), ciphertext = from_hex(vector.ciphertext).value();
  Bytes out(plaintext.size());
  cipher->encrypt(vector.sector, out.size(), plaintext, out);
  const bool encrypts = out == ciphertext;
  cipher->decrypt(vector.sector, out.size(), ciphertext, out);
  if (encrypts && out == plaintext) return {};
  return fail(ErrorKind::kInternal, fmt::format("it does not reproduce vector {}", vector.name));
}

struct Pair {
  std::unique_ptr<XtsCipher> ours, openssl;
};

// In both directions, from and to addresses of any alignment.
bool agree(const Pair& pair, size_t sector_size, size_t sectors) {
  const Bytes choices = random_bytes(10);
  uint64_t first = 0;
  std::copy_n(choices.begin(), sizeof first, reinterpret_cast<uint8_t*>(&first));
  const size_t size = sector_size * sectors;
  const Bytes random = random_bytes(size + kMostMisalignment);
  const ByteView in = ByteView(random).subspan(choices[8] % (kMostMisalignment + 1), size);
  Bytes memory(size + kMostMisalignment), expected(size);
  const MutableByteView out = MutableByteView(memory).subspan(choices[9] % (kMostMisalignment + 1), size);
  for (const bool encrypt : {true, false}) {
    const auto run = encrypt ? &XtsCipher::encrypt : &XtsCipher::decrypt;
    ((*pair.ours).*run)(first, sector_size, in, out);
    ((*pair.openssl).*run)(first, sector_size, in, expected);
    if (!std::ranges::equal(out, expected)) return false;
  }
  return true;
}

}  // namespace

Status admit(const XtsKernel& kernel) {
  for (const Vector& vector : kVectors) COFFER_CHECK(reproduces(kernel, vector));
  const auto key = random_secret(kXtsKeySize);
  const ByteView raw = key.read(secret::RawAccess::because("a kernel is tried out under a key of its own"));
  const Pair pair{make_kernel_xts(kernel, raw), make_openssl_xts(raw)};
  for (const size_t sector_size : kSectorSizes)
    for (const size_t sectors : kSectorCounts)
      if (!agree(pair, sector_size, sectors))
        return fail(ErrorKind::kInternal,
                    fmt::format("it disagrees with OpenSSL on {} sectors of {} bytes", sectors, sector_size));
  return {};
}

const XtsKernel* choose_kernel(std::span<const XtsKernel> kernels) {
  for (const XtsKernel& kernel : kernels) {
    if (!kernel.is_runnable()) continue;
    const Status admitted = admit(kernel);
    if (admitted) return &kernel;
    log_error("the AES-256-XTS kernel {} is not used: {}", kernel.name, admitted.error().message);
  }
  return nullptr;
}

}  // namespace coffer::crypto
