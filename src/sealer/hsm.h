// SPDX-License-Identifier: Apache-2.0
// KMS keys in a PKCS#11 token: AES-256 keys that the token makes and never gives out, used by CKM_AES_GCM
// (PKCS #11 2.40, section 2.12). The vendor's module is loaded into this very process, which serves one key
// store and nothing else: p11-kit's protocol (0.24) does not carry that mechanism's parameters.
//
// One thread. No PIN is tried twice.
#pragma once
#include <p11-kit/pkcs11.h>

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "format/hsm_clusters.h"
#include "format/hsm_login_outcome.h"
#include "format/sealer_protocol.h"
#include "secret/secret_bytes.h"

namespace coffer::sealer {

class Hsm {
 public:
  Hsm() = default;
  // Logs out. The module stays in memory: vendors' libraries do not always survive being unloaded.
  ~Hsm();
  Hsm(const Hsm&) = delete;
  Hsm& operator=(const Hsm&) = delete;

  // Once. What went wrong in words is logged. An empty PIN: only looks whether the token is there and fit.
  format::HsmLoginOutcome log_in(const format::HsmLocation& location, const secret::SecretBytes& pin);

  // Errors: kUnavailable when the token is gone (is_lost() then says so); kNotFound without the key;
  // kPermissionDenied for a key that could be read out; kIo with PKCS#11's own name for anything else.

  // Fails, and leaves nothing, unless the token promises that the key is its own, sensitive and not
  // extractable.
  Status generate(const format::sealer::HsmGenerate& wanted);
  // IV (12 bytes), ciphertext, tag (16 bytes). The IV is the one in `message`, or the token's own where the
  // token insists on that.
  Result<Bytes> encrypt(const format::sealer::HsmMessageView& message, const secret::SecretBytes& plaintext);
  // kRefusedCiphertext for what the token does not open, while it opens what it has sealed.
  Result<secret::SecretBytes> decrypt(const format::sealer::HsmMessageView& message, ByteView sealed);
  Status destroy(const format::HsmObjectId& id);  // no such key is no error
  Result<secret::SecretBytes> random(uint32_t size);

  // The token, or its module, cannot be used any more in this process.
  bool is_lost() const { return lost_; }

 private:
  Status load(const std::string& module);
  format::HsmLoginOutcome open_session(const secret::SecretBytes& pin);
  bool knows_mechanisms() const;
  Error missing();
  Result<CK_OBJECT_HANDLE> find(const format::HsmObjectId& id);
  Status check_promises(CK_OBJECT_HANDLE key, bool all) const;
  template <class Use>
  CK_RV use(const format::HsmObjectId& id, Use use, Status& found);
  bool opens_what_it_sealed(const format::HsmObjectId& id, CK_OBJECT_HANDLE key);
  CK_RV encrypt_with(CK_OBJECT_HANDLE key, format::HsmIv& iv, ByteView associated_data, ByteView plaintext,
                     Bytes& sealed);
  CK_RV encrypt_once(CK_OBJECT_HANDLE key, format::HsmIv& iv, ByteView associated_data, ByteView plaintext,
                     Bytes& sealed);
  Error error(const char* what, CK_RV code);

  void* module_ = nullptr;  // dlopen's
  CK_FUNCTION_LIST* ck_ = nullptr;
  CK_SLOT_ID slot_ = 0;
  CK_SESSION_HANDLE session_ = 0;
  bool logged_in_ = false, lost_ = false;
  std::map<format::HsmObjectId, CK_OBJECT_HANDLE> handles_;
  struct Probe {
    format::HsmIv iv{};
    Bytes sealed;
  };
  std::map<format::HsmObjectId, Probe> probes_;  // messages that the token must be able to open
};

}  // namespace coffer::sealer
