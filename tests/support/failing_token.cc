// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 module that is SoftHSM's, but for what the environment tells it: a token that dies, or one that
// has words of its own for a ciphertext that it does not open. Decimal numbers of PKCS #11's errors.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <cstdlib>

namespace {

CK_FUNCTION_LIST* real = nullptr;
CK_FUNCTION_LIST own;

CK_RV code_in(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? CKR_OK : std::strtoul(text, nullptr, 10);
}

CK_RV encrypt(CK_SESSION_HANDLE session, unsigned char* in, CK_ULONG size, unsigned char* out,
              CK_ULONG* out_size) {
  const CK_RV code = real->C_Encrypt(session, in, size, out, out_size);
  const CK_RV failure = code_in("FAILING_TOKEN_FAILS");
  return failure == CKR_OK ? code : failure;
}

CK_RV decrypt(CK_SESSION_HANDLE session, unsigned char* in, CK_ULONG size, unsigned char* out,
              CK_ULONG* out_size) {
  const CK_RV code = real->C_Decrypt(session, in, size, out, out_size);
  if (const CK_RV failure = code_in("FAILING_TOKEN_FAILS"); failure != CKR_OK) return failure;
  const CK_RV said = code_in("FAILING_TOKEN_SAYS");
  return code == CKR_OK || said == CKR_OK ? code : said;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  void* module = ::dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) return CKR_GENERAL_ERROR;
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(module, "C_GetFunctionList"));
  if (get == nullptr || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
  own = *real;
  own.C_Encrypt = encrypt;
  own.C_Decrypt = decrypt;
  *list = &own;
  return CKR_OK;
}
