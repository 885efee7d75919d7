// SPDX-License-Identifier: Apache-2.0
#include "crypto/xts_openssl.h"

#include <climits>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

constexpr size_t kXtsBlockSize = 16;

// The contexts of one direction under one key. Setting a key costs as much as many sectors, so each context
// is keyed once and given a new IV for each sector; a call borrows one, so that no two threads share it.
class ContextPool {
 public:
  ContextPool(ByteView key, bool encrypt) : keyed_(EVP_CIPHER_CTX_new()) {
    require(keyed_ != nullptr && EVP_CipherInit_ex2(keyed_.get(), aes_256_xts(), key.data(), nullptr,
                                                    encrypt ? 1 : 0, nullptr) == 1);
  }
  ~ContextPool() {
    for (auto& slot : idle_) EVP_CIPHER_CTX_free(slot.load());  // wipes the key schedule
  }
  ContextPool(const ContextPool&) = delete;
  ContextPool& operator=(const ContextPool&) = delete;

  CipherContext borrow() {
    for (auto& slot : idle_)
      if (EVP_CIPHER_CTX* context = slot.exchange(nullptr, std::memory_order_acquire))
        return CipherContext(context);
    CipherContext context(EVP_CIPHER_CTX_new());
    require(context != nullptr && EVP_CIPHER_CTX_copy(context.get(), keyed_.get()) == 1);
    return context;
  }

  void give_back(CipherContext context) {
    for (auto& slot : idle_) {
      EVP_CIPHER_CTX* empty = nullptr;
      if (slot.compare_exchange_strong(empty, context.get(), std::memory_order_release,
                                       std::memory_order_relaxed)) {
        static_cast<void>(context.release());
        return;
      }
    }
  }

 private:
  const CipherContext keyed_;  // only ever copied from, which is safe from several threads
  std::array<std::atomic<EVP_CIPHER_CTX*>, 16> idle_{};
};

void run_xts(ContextPool& pool, uint64_t first_sector, size_t sector_size, ByteView in, MutableByteView out) {
  require(sector_size >= kXtsBlockSize && sector_size % kXtsBlockSize == 0 && sector_size <= INT_MAX &&
          in.size() == out.size() && in.size() % sector_size == 0);
  CipherContext context = pool.borrow();
  for (size_t offset = 0; offset < in.size(); offset += sector_size, ++first_sector) {
    uint8_t tweak[kXtsBlockSize] = {};
    for (size_t i = 0; i < sizeof first_sector; ++i) tweak[i] = static_cast<uint8_t>(first_sector >> 8 * i);
    int written = 0;
    // -1: the direction stays; no key: the schedule stays.
    require(EVP_CipherInit_ex2(context.get(), nullptr, nullptr, tweak, -1, nullptr) == 1 &&
            EVP_CipherUpdate(context.get(), out.data() + offset, &written, in.data() + offset,
                             static_cast<int>(sector_size)) == 1 &&
            static_cast<size_t>(written) == sector_size);
  }
  pool.give_back(std::move(context));
}

class OpenSslXts final : public XtsCipher {
 public:
  explicit OpenSslXts(ByteView key) : encrypting_(key, true), decrypting_(key, false) {}

  void encrypt(uint64_t first_sector, size_t sector_size, ByteView in, MutableByteView out) override {
    run_xts(encrypting_, first_sector, sector_size, in, out);
  }
  void decrypt(uint64_t first_sector, size_t sector_size, ByteView in, MutableByteView out) override {
    run_xts(decrypting_, first_sector, sector_size, in, out);
  }

 private:
  ContextPool encrypting_, decrypting_;
};

}  // namespace

std::unique_ptr<XtsCipher> make_openssl_xts(ByteView key) {
  return std::make_unique<OpenSslXts>(key);
}

}  // namespace coffer::crypto
