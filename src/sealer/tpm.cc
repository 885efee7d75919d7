// SPDX-License-Identifier: Apache-2.0
#include "sealer/tpm.h"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace coffer::sealer {
namespace {

using format::TpmParameters;
using secret::RawAccess;
using secret::SecretBytes;

constexpr size_t kCounterAuthSize = 32;
constexpr TPM2_HANDLE kFirstIndex = 0x01800000, kIndices = 0x00400000;  // TCG registry: for the owner
constexpr int kTriesForAnIndex = 16;

Error tpm_error(const char* what, TSS2_RC code) {
  // Without the number and kind of the parameter, handle or session (TPM 2.0 part 2, 6.6).
  const TSS2_RC format_one = code & TPM2_RC_FMT1 ? code & 0x0BF : code;
  ErrorKind kind = ErrorKind::kIo;
  std::string hint;
  if ((code & 0xFFF0000) == TSS2_TCTI_RC_LAYER) {
    kind = ErrorKind::kUnavailable;
    hint = "; is there a TPM, and may this user open it (/dev/tpmrm0)?";
  } else if (format_one == TPM2_RC_POLICY_FAIL || code == TPM2_RC_PCR_CHANGED) {
    kind = ErrorKind::kPermissionDenied;
    hint =
        "; the PCRs are not as they were when the seal was made (firmware, boot loader or secure boot "
        "changed)";
  } else if (format_one == TPM2_RC_INTEGRITY || format_one == TPM2_RC_HANDLE) {
    kind = ErrorKind::kRefusedCiphertext;
    hint = "; it was sealed by another TPM, or the TPM has been cleared since";
  }
  return Error{kind, std::string("TPM: ") + what + ": " + Tss2_RC_Decode(code) + hint};
}

#define COFFER_TPM(what, expression)                                  \
  do {                                                                \
    if (const TSS2_RC code_ = (expression); code_ != TSS2_RC_SUCCESS) \
      return tl::unexpected(tpm_error(what, code_));                  \
  } while (0)

struct Free {
  void operator()(void* memory) const { Esys_Free(memory); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// The connection, and what of its is flushed at the end: a TPM has room for a few objects only.
class Tpm {
 public:
  static Result<std::unique_ptr<Tpm>> open(const std::string& tcti) {
    auto tpm = std::unique_ptr<Tpm>(new Tpm);
    COFFER_TPM("cannot be reached",
               Tss2_TctiLdr_Initialize(tcti.empty() ? nullptr : tcti.c_str(), &tpm->tcti_));
    COFFER_TPM("cannot be used", Esys_Initialize(&tpm->esys_, tpm->tcti_, nullptr));
    return tpm;
  }
  ~Tpm() {
    for (auto handle = handles_.rbegin(); handle != handles_.rend(); ++handle)
      Esys_FlushContext(esys_, *handle);
    if (esys_ != nullptr) Esys_Finalize(&esys_);
    if (tcti_ != nullptr) Tss2_TctiLdr_Finalize(&tcti_);
  }
  Tpm(const Tpm&) = delete;
  Tpm& operator=(const Tpm&) = delete;

  ESYS_CONTEXT* esys() { return esys_; }
  ESYS_TR keep(ESYS_TR handle) {
    handles_.push_back(handle);
    return handle;
  }

 private:
  Tpm() = default;
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  std::vector<ESYS_TR> handles_;
};

// The TCG's template of an ECC storage key: the same key each time, so that nothing is left in the TPM.
TPM2B_PUBLIC storage_template() {
  TPM2B_PUBLIC key{};
  key.publicArea.type = TPM2_ALG_ECC;
  key.publicArea.nameAlg = TPM2_ALG_SHA256;
  key.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                    TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  auto& ecc = key.publicArea.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_AES;
  ecc.symmetric.keyBits.aes = 128;
  ecc.symmetric.mode.aes = TPM2_ALG_CFB;
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return key;
}

Result<ESYS_TR> storage_key(Tpm& tpm) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_PUBLIC wanted = storage_template();
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION none{};
  ESYS_TR handle = ESYS_TR_NONE;
  COFFER_TPM(
      "the storage key of the owner hierarchy",
      Esys_CreatePrimary(tpm.esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                         &sensitive, &wanted, &outside, &none, &handle, nullptr, nullptr, nullptr, nullptr));
  return tpm.keep(handle);
}

// Salted by the storage key, so that what is encrypted under it is for this TPM alone.
Result<ESYS_TR> session(Tpm& tpm, ESYS_TR salt, TPM2_SE type, TPMA_SESSION attributes) {
  TPMT_SYM_DEF cipher{};
  cipher.algorithm = TPM2_ALG_AES;
  cipher.keyBits.aes = 128;
  cipher.mode.aes = TPM2_ALG_CFB;
  ESYS_TR handle = ESYS_TR_NONE;
  COFFER_TPM("a session",
             Esys_StartAuthSession(tpm.esys(), salt, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                   nullptr, type, &cipher, TPM2_ALG_SHA256, &handle));
  tpm.keep(handle);
  COFFER_TPM("a session",
             Esys_TRSess_SetAttributes(tpm.esys(), handle, attributes | TPMA_SESSION_CONTINUESESSION, 0xFF));
  return handle;
}

TPML_PCR_SELECTION selection(uint32_t pcrs) {
  TPML_PCR_SELECTION chosen{};
  chosen.count = 1;
  chosen.pcrSelections[0].hash = TPM2_ALG_SHA256;
  chosen.pcrSelections[0].sizeofSelect = 3;
  for (int i = 0; i < 3; ++i) chosen.pcrSelections[0].pcrSelect[i] = static_cast<uint8_t>(pcrs >> (8 * i));
  return chosen;
}

// A trial session too is given the PCRs as they are now.
Status apply_policy(Tpm& tpm, ESYS_TR policy, uint32_t pcrs) {
  const TPM2B_DIGEST as_they_are{};
  const TPML_PCR_SELECTION chosen = selection(pcrs);
  COFFER_TPM("the policy of the PCRs", Esys_PolicyPCR(tpm.esys(), policy, ESYS_TR_NONE, ESYS_TR_NONE,
                                                      ESYS_TR_NONE, &as_they_are, &chosen));
  return {};
}

Result<TPM2B_DIGEST> policy_digest(Tpm& tpm, ESYS_TR salt, uint32_t pcrs) {
  COFFER_TRY(trial, session(tpm, salt, TPM2_SE_TRIAL, 0));
  COFFER_CHECK(apply_policy(tpm, trial, pcrs));
  TPM2B_DIGEST* digest = nullptr;
  COFFER_TPM("the policy of the PCRs",
             Esys_PolicyGetDigest(tpm.esys(), trial, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest));
  const Owned<TPM2B_DIGEST> owned(digest);
  return *digest;
}

Status seal(Tpm& tpm, ESYS_TR parent, const SecretBytes& secret, TpmParameters& made) {
  COFFER_TRY(digest, policy_digest(tpm, parent, made.pcrs));
  COFFER_TRY(encrypted, session(tpm, parent, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT));
  TPM2B_PUBLIC wanted{};
  wanted.publicArea.type = TPM2_ALG_KEYEDHASH;
  wanted.publicArea.nameAlg = TPM2_ALG_SHA256;
  wanted.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;
  wanted.publicArea.authPolicy = digest;
  wanted.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
  TPM2B_SENSITIVE_CREATE sensitive{};
  const ByteView raw = secret.read(RawAccess::because("the TPM seals it"));
  if (raw.size() > sizeof sensitive.sensitive.data.buffer)
    return fail(ErrorKind::kInvalidArgument, "a TPM seals small secrets only");
  sensitive.sensitive.data.size = static_cast<uint16_t>(raw.size());
  std::ranges::copy(raw, sensitive.sensitive.data.buffer);
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION none{};
  TPM2B_PRIVATE* private_part = nullptr;
  TPM2B_PUBLIC* public_part = nullptr;
  const TSS2_RC code =
      Esys_Create(tpm.esys(), parent, ESYS_TR_PASSWORD, encrypted, ESYS_TR_NONE, &sensitive, &wanted,
                  &outside, &none, &private_part, &public_part, nullptr, nullptr, nullptr);
  ::explicit_bzero(&sensitive, sizeof sensitive);
  const Owned<TPM2B_PRIVATE> owned_private(private_part);
  const Owned<TPM2B_PUBLIC> owned_public(public_part);
  COFFER_TPM("the sealing", code);
  made.public_blob.resize(sizeof(TPM2B_PUBLIC));
  made.private_blob.resize(sizeof(TPM2B_PRIVATE));
  size_t public_size = 0, private_size = 0;
  COFFER_TPM("the sealed object", Tss2_MU_TPM2B_PUBLIC_Marshal(public_part, made.public_blob.data(),
                                                               made.public_blob.size(), &public_size));
  COFFER_TPM("the sealed object", Tss2_MU_TPM2B_PRIVATE_Marshal(private_part, made.private_blob.data(),
                                                                made.private_blob.size(), &private_size));
  made.public_blob.resize(public_size);
  made.private_blob.resize(private_size);
  return {};
}

TPM2B_AUTH counter_auth(const SecretBytes& auth) {
  TPM2B_AUTH value{};
  const ByteView raw = auth.read(RawAccess::because("the TPM's counter wants its authorisation"));
  value.size = static_cast<uint16_t>(std::min(raw.size(), sizeof value.buffer));
  std::copy_n(raw.begin(), value.size, value.buffer);
  return value;
}

Result<ESYS_TR> counter_handle(Tpm& tpm, TPM2_HANDLE index, const SecretBytes& auth) {
  ESYS_TR handle = ESYS_TR_NONE;
  COFFER_TPM("the counter against rollback is gone",
             Esys_TR_FromTPMPublic(tpm.esys(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle));
  TPM2B_AUTH value = counter_auth(auth);
  const TSS2_RC code = Esys_TR_SetAuth(tpm.esys(), handle, &value);
  ::explicit_bzero(&value, sizeof value);
  COFFER_TPM("the counter", code);
  return handle;
}

Result<uint64_t> read_value(Tpm& tpm, ESYS_TR counter, ESYS_TR authorised) {
  TPM2B_MAX_NV_BUFFER* data = nullptr;
  COFFER_TPM("reading the counter", Esys_NV_Read(tpm.esys(), counter, counter, authorised, ESYS_TR_NONE,
                                                 ESYS_TR_NONE, sizeof(uint64_t), 0, &data));
  const Owned<TPM2B_MAX_NV_BUFFER> owned(data);
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof value && i < data->size; ++i) value = value << 8 | data->buffer[i];
  return value;
}

Status make_counter(Tpm& tpm, ESYS_TR salt, const SecretBytes& auth, TpmParameters& made) {
  COFFER_TRY(encrypted, session(tpm, salt, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT));
  TPM2B_NV_PUBLIC wanted{};
  wanted.nvPublic.nameAlg = TPM2_ALG_SHA256;
  wanted.nvPublic.dataSize = sizeof(uint64_t);
  wanted.nvPublic.attributes =
      TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA | (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT);
  for (int tries = 0; tries < kTriesForAnIndex; ++tries) {
    TPM2B_DIGEST* random = nullptr;
    COFFER_TPM("random bytes",
               Esys_GetRandom(tpm.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, 4, &random));
    uint32_t number = 0;
    std::memcpy(&number, random->buffer, sizeof number);
    Esys_Free(random);
    wanted.nvPublic.nvIndex = kFirstIndex + number % kIndices;
    TPM2B_AUTH value = counter_auth(auth);
    ESYS_TR handle = ESYS_TR_NONE;
    const TSS2_RC code = Esys_NV_DefineSpace(tpm.esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, encrypted,
                                             ESYS_TR_NONE, &value, &wanted, &handle);
    ::explicit_bzero(&value, sizeof value);
    if (code == TPM2_RC_NV_DEFINED) continue;
    COFFER_TPM("making a counter against rollback", code);
    made.nv_index = wanted.nvPublic.nvIndex;
    return {};
  }
  return fail(ErrorKind::kIo, "TPM: no free index for a counter was found");
}

}  // namespace

Result<TpmParameters> create_tpm_seal(TpmParameters wanted, const SecretBytes& secret) {
  if (wanted.pcrs == 0 || secret.size() < kCounterAuthSize)
    return fail(ErrorKind::kInvalidArgument,
                "a TPM seal needs PCRs, and a secret with a counter's authorisation");
  COFFER_TRY(tpm, Tpm::open(wanted.tcti));
  COFFER_TRY(parent, storage_key(*tpm));
  COFFER_CHECK(seal(*tpm, parent, secret, wanted));
  const SecretBytes auth = secret.slice(secret.size() - kCounterAuthSize, kCounterAuthSize);
  COFFER_CHECK(make_counter(*tpm, parent, auth, wanted));
  return wanted;
}

Result<SecretBytes> open_tpm_seal(const TpmParameters& parameters) {
  TPM2B_PUBLIC public_part{};
  TPM2B_PRIVATE private_part{};
  size_t offset = 0;
  COFFER_TPM("the sealed object",
             Tss2_MU_TPM2B_PUBLIC_Unmarshal(parameters.public_blob.data(), parameters.public_blob.size(),
                                            &offset, &public_part));
  offset = 0;
  COFFER_TPM("the sealed object",
             Tss2_MU_TPM2B_PRIVATE_Unmarshal(parameters.private_blob.data(), parameters.private_blob.size(),
                                             &offset, &private_part));
  COFFER_TRY(tpm, Tpm::open(parameters.tcti));
  COFFER_TRY(parent, storage_key(*tpm));
  ESYS_TR object = ESYS_TR_NONE;
  COFFER_TPM("loading what was sealed", Esys_Load(tpm->esys(), parent, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                                  ESYS_TR_NONE, &private_part, &public_part, &object));
  tpm->keep(object);
  COFFER_TRY(policy, session(*tpm, parent, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT));
  COFFER_CHECK(apply_policy(*tpm, policy, parameters.pcrs));
  TPM2B_SENSITIVE_DATA* data = nullptr;
  COFFER_TPM("unsealing", Esys_Unseal(tpm->esys(), object, policy, ESYS_TR_NONE, ESYS_TR_NONE, &data));
  SecretBytes secret = SecretBytes::copy_of({data->buffer, data->size});
  ::explicit_bzero(data, sizeof *data);
  Esys_Free(data);
  return secret;
}

Result<uint64_t> read_counter(const TpmParameters& parameters, const SecretBytes& auth) {
  COFFER_TRY(tpm, Tpm::open(parameters.tcti));
  COFFER_TRY(parent, storage_key(*tpm));
  COFFER_TRY(counter, counter_handle(*tpm, parameters.nv_index, auth));
  COFFER_TRY(authorised, session(*tpm, parent, TPM2_SE_HMAC, 0));
  return read_value(*tpm, counter, authorised);
}

Result<uint64_t> advance_counter(const TpmParameters& parameters, const SecretBytes& auth) {
  COFFER_TRY(tpm, Tpm::open(parameters.tcti));
  COFFER_TRY(parent, storage_key(*tpm));
  COFFER_TRY(counter, counter_handle(*tpm, parameters.nv_index, auth));
  COFFER_TRY(authorised, session(*tpm, parent, TPM2_SE_HMAC, 0));
  COFFER_TPM("advancing the counter",
             Esys_NV_Increment(tpm->esys(), counter, counter, authorised, ESYS_TR_NONE, ESYS_TR_NONE));
  return read_value(*tpm, counter, authorised);
}

}  // namespace coffer::sealer
