// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl_memory.h"

#include <openssl/crypto.h>

#include <cstdlib>

#include "secret/arena.h"

namespace coffer::crypto {
namespace {

void* allocate(size_t size, const char*, int) {
  return size == 0 ? nullptr : secret::arena_allocate(size);
}

void* resize(void* pointer, size_t size, const char*, int) {
  if (size != 0) return secret::arena_resize(pointer, size);
  secret::arena_release(pointer);
  return nullptr;
}

void release(void* pointer, const char*, int) {
  secret::arena_release(pointer);
}

}  // namespace

void use_arena_for_openssl() {
  // Refused once OpenSSL has allocated anything: then a key schedule could lie in the heap.
  if (CRYPTO_set_mem_functions(allocate, resize, release) != 1) std::abort();
  // The machine's openssl.cnf could load foreign providers and engines into a process that holds keys.
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) std::abort();
}

}  // namespace coffer::crypto
