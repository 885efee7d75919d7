// SPDX-License-Identifier: Apache-2.0
#include "crypto/passphrase.h"

#include <argon2.h>
#include <sys/mman.h>

namespace coffer::crypto {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

constexpr size_t kKeySize = 32;

// Outside the arena, which is small; so left out of dumps, and wiped by the library before it is given back.
int take_memory(uint8_t** memory, size_t size) {
  void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return ARGON2_MEMORY_ALLOCATION_ERROR;
  ::madvise(mapped, size, MADV_DONTDUMP);
  *memory = static_cast<uint8_t*>(mapped);
  return ARGON2_OK;
}

void give_back(uint8_t* memory, size_t size) {
  secret::wipe(MutableByteView(memory, size));
  ::munmap(memory, size);
}

}  // namespace

Result<SecretBytes> derive_from_passphrase(const SecretBytes& passphrase, ByteView salt,
                                           const Argon2Cost& cost) {
  SecretBytes key(kKeySize);
  const MutableByteView out = key.write(RawAccess::because("Argon2 writes the derived key"));
  const ByteView in = passphrase.read(RawAccess::because("Argon2 reads the passphrase"));
  Bytes salt_copy(salt.begin(), salt.end());
  argon2_context context{};
  context.out = out.data();
  context.outlen = static_cast<uint32_t>(out.size());
  context.pwd = const_cast<uint8_t*>(in.data());  // not written without ARGON2_FLAG_CLEAR_PASSWORD
  context.pwdlen = static_cast<uint32_t>(in.size());
  context.salt = salt_copy.data();
  context.saltlen = static_cast<uint32_t>(salt_copy.size());
  context.t_cost = cost.iterations;
  context.m_cost = cost.memory_kib;
  context.lanes = context.threads = cost.lanes;
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = take_memory;
  context.free_cbk = give_back;
  context.flags = ARGON2_DEFAULT_FLAGS;
  const int code = ::argon2id_ctx(&context);
  if (code == ARGON2_OK) return key;
  const ErrorKind kind =
      code == ARGON2_MEMORY_ALLOCATION_ERROR ? ErrorKind::kLimitExceeded : ErrorKind::kInvalidArgument;
  return fail(kind, std::string("Argon2id: ") + ::argon2_error_message(code));
}

}  // namespace coffer::crypto
