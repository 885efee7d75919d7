// SPDX-License-Identifier: Apache-2.0
#include "sealer/pkcs11.h"

#include <algorithm>
#include <vector>

#include "sealer/pkcs11_error.h"
#include "sealer/pkcs11_server.h"
#include "sealer/pkcs11_slots.h"

namespace coffer::sealer {
namespace {

using format::Pkcs11Parameters;
using secret::RawAccess;
using secret::SecretBytes;

constexpr CK_ULONG kModulusBits = 3072;
constexpr size_t kKeySize = 32;

// A logged-in session; closed at its end.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open(CK_FUNCTION_LIST& ck, const std::string& token,
                                               const SecretBytes& pin) {
    COFFER_TRY(slot, find_token(ck, token, ""));
    auto session = std::unique_ptr<Session>(new Session(ck));
    COFFER_CK("a session", ck.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                            &session->handle_));
    session->open_ = true;
    const ByteView raw = pin.read(RawAccess::because("the token wants its PIN"));
    const CK_RV code =
        ck.C_Login(session->handle_, CKU_USER, const_cast<unsigned char*>(raw.data()), raw.size());
    if (code != CKR_USER_ALREADY_LOGGED_IN) COFFER_CK("log-in", code);
    return session;
  }
  ~Session() {
    if (open_) ck_.C_CloseSession(handle_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  CK_SESSION_HANDLE handle() const { return handle_; }

 private:
  explicit Session(CK_FUNCTION_LIST& ck) : ck_(ck) {}
  CK_FUNCTION_LIST& ck_;
  CK_SESSION_HANDLE handle_ = 0;
  bool open_ = false;
};

CK_RSA_PKCS_OAEP_PARAMS oaep() {
  CK_RSA_PKCS_OAEP_PARAMS parameters{};
  parameters.hashAlg = CKM_SHA_1;
  parameters.mgf = CKG_MGF1_SHA1;
  parameters.source = CKZ_DATA_SPECIFIED;
  return parameters;
}

struct KeyPair {
  CK_OBJECT_HANDLE public_key = 0, private_key = 0;
};

Result<KeyPair> make_pair(CK_FUNCTION_LIST& ck, CK_SESSION_HANDLE session, const std::string& label) {
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  CK_ULONG bits = kModulusBits;
  unsigned char exponent[] = {1, 0, 1};
  std::string name = label;
  CK_ATTRIBUTE public_half[] = {{CKA_TOKEN, &yes, sizeof yes},
                                {CKA_ENCRYPT, &yes, sizeof yes},
                                {CKA_MODULUS_BITS, &bits, sizeof bits},
                                {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
                                {CKA_LABEL, name.data(), name.size()}};
  CK_ATTRIBUTE private_half[] = {{CKA_TOKEN, &yes, sizeof yes},     {CKA_PRIVATE, &yes, sizeof yes},
                                 {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},
                                 {CKA_DECRYPT, &yes, sizeof yes},   {CKA_LABEL, name.data(), name.size()}};
  CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  KeyPair pair;
  COFFER_CK("making a key pair",
            ck.C_GenerateKeyPair(session, &mechanism, public_half, std::size(public_half), private_half,
                                 std::size(private_half), &pair.public_key, &pair.private_key));
  return pair;
}

Result<CK_OBJECT_HANDLE> find_private_key(CK_FUNCTION_LIST& ck, CK_SESSION_HANDLE session,
                                          const std::string& label) {
  CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
  std::string name = label;
  CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &kind, sizeof kind}, {CKA_LABEL, name.data(), name.size()}};
  COFFER_CK("looking for the key", ck.C_FindObjectsInit(session, wanted, std::size(wanted)));
  CK_OBJECT_HANDLE found = 0;
  CK_ULONG count = 0;
  const CK_RV code = ck.C_FindObjects(session, &found, 1, &count);
  ck.C_FindObjectsFinal(session);
  COFFER_CK("looking for the key", code);
  if (count == 0)
    return fail(ErrorKind::kRefusedCiphertext, "PKCS#11: the token has no private key '" + label + "'");
  return found;
}

}  // namespace

Result<Pkcs11Parameters> create_pkcs11_seal(Pkcs11Parameters wanted, const SecretBytes& pin,
                                            const SecretBytes& key) {
  COFFER_TRY(server, Pkcs11Server::start(wanted.module));
  CK_FUNCTION_LIST& ck = server->functions();
  COFFER_TRY(session, Session::open(ck, wanted.token, pin));
  COFFER_TRY(pair, make_pair(ck, session->handle(), wanted.key_label));
  CK_RSA_PKCS_OAEP_PARAMS parameters = oaep();
  CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  COFFER_CK("wrapping", ck.C_EncryptInit(session->handle(), &mechanism, pair.public_key));
  const ByteView raw = key.read(RawAccess::because("the token wraps the seal's key"));
  wanted.wrapped.resize(kModulusBits / 8);
  CK_ULONG size = wanted.wrapped.size();
  COFFER_CK("wrapping", ck.C_Encrypt(session->handle(), const_cast<unsigned char*>(raw.data()), raw.size(),
                                     wanted.wrapped.data(), &size));
  wanted.wrapped.resize(size);
  return wanted;
}

Result<SecretBytes> open_pkcs11_seal(const Pkcs11Parameters& stored, const SecretBytes& pin) {
  COFFER_TRY(server, Pkcs11Server::start(stored.module));
  CK_FUNCTION_LIST& ck = server->functions();
  COFFER_TRY(session, Session::open(ck, stored.token, pin));
  COFFER_TRY(private_key, find_private_key(ck, session->handle(), stored.key_label));
  CK_RSA_PKCS_OAEP_PARAMS parameters = oaep();
  CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  COFFER_CK("unwrapping", ck.C_DecryptInit(session->handle(), &mechanism, private_key));
  SecretBytes out(stored.wrapped.size() + kKeySize);
  const MutableByteView raw = out.write(RawAccess::because("the token unwraps the seal's key"));
  CK_ULONG size = raw.size();
  const CK_RV code = ck.C_Decrypt(session->handle(), const_cast<unsigned char*>(stored.wrapped.data()),
                                  stored.wrapped.size(), raw.data(), &size);
  // Vendors differ in how they say that it does not open.
  if (code == CKR_GENERAL_ERROR || code == CKR_FUNCTION_FAILED || code == CKR_ARGUMENTS_BAD)
    return fail(ErrorKind::kRefusedCiphertext, "PKCS#11: the token's key does not open what was wrapped");
  COFFER_CK("unwrapping", code);
  if (size != kKeySize)
    return fail(ErrorKind::kRefusedCiphertext, "PKCS#11: the token's key does not open what was wrapped");
  return out.slice(0, kKeySize);
}

}  // namespace coffer::sealer
