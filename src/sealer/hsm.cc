// SPDX-License-Identifier: Apache-2.0
#include "sealer/hsm.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/random.h"
#include "sealer/pkcs11_error.h"
#include "sealer/pkcs11_slots.h"

namespace coffer::sealer {
namespace {

using format::HsmIv;
using format::HsmLoginOutcome;
using format::HsmObjectId;
using secret::RawAccess;
using secret::SecretBytes;

constexpr CK_ULONG kKeySize = 32, kTagBits = 128;
constexpr uint32_t kMostRandom = 1024;

unsigned char* raw(ByteView bytes) {
  return const_cast<unsigned char*>(bytes.data());  // PKCS#11 knows no const
}

CK_GCM_PARAMS gcm(HsmIv& iv, ByteView associated_data) {
  return {iv.data(), iv.size(), iv.size() * 8, raw(associated_data), associated_data.size(), kTagBits};
}

// What says that the token is not there any more, rather than that it refuses something.
bool says_lost(CK_RV code) {
  constexpr CK_RV kCodes[] = {
      CKR_DEVICE_ERROR,   CKR_DEVICE_REMOVED,         CKR_TOKEN_NOT_PRESENT,  CKR_TOKEN_NOT_RECOGNIZED,
      CKR_SESSION_CLOSED, CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN, CKR_CRYPTOKI_NOT_INITIALIZED,
      CKR_GENERAL_ERROR,  CKR_FUNCTION_FAILED,        CKR_SLOT_ID_INVALID};
  return std::ranges::find(kCodes, code) != std::end(kCodes);
}

// Of a decryption: what was to be opened is not what the key sealed.
bool says_refused(CK_RV code) {
  constexpr CK_RV kAeadDecryptFailed = 0x42;  // PKCS #11 3.0
  constexpr CK_RV kCodes[] = {CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_DATA_INVALID,
                              CKR_SIGNATURE_INVALID, kAeadDecryptFailed};
  return std::ranges::find(kCodes, code) != std::end(kCodes);
}

// What some vendors say then too, and all of them when the token does not work.
bool may_say_refused(CK_RV code) {
  return code == CKR_GENERAL_ERROR || code == CKR_FUNCTION_FAILED || code == CKR_ARGUMENTS_BAD;
}

bool says_bad_handle(CK_RV code) {
  return code == CKR_KEY_HANDLE_INVALID || code == CKR_OBJECT_HANDLE_INVALID;
}

HsmLoginOutcome outcome_of_login(CK_RV code) {
  switch (code) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
      return HsmLoginOutcome::kLoggedIn;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_EXPIRED:
      return HsmLoginOutcome::kIncorrectPin;
    case CKR_PIN_LOCKED:
      return HsmLoginOutcome::kLockedPin;
    case CKR_USER_PIN_NOT_INITIALIZED:
      return HsmLoginOutcome::kNoUser;
    default:
      return HsmLoginOutcome::kNoToken;
  }
}

}  // namespace

Hsm::~Hsm() {
  if (ck_ == nullptr) return;
  if (logged_in_) {
    ck_->C_Logout(session_);
    ck_->C_CloseSession(session_);
  }
  ck_->C_Finalize(nullptr);
}

Error Hsm::error(const char* what, CK_RV code) {
  Error made = pkcs11_error(what, code);
  if (says_lost(code)) {
    lost_ = true;
    made.kind = ErrorKind::kUnavailable;
  }
  return made;
}

Status Hsm::load(const std::string& module) {
  if (::access(module.c_str(), R_OK) != 0)
    return fail(ErrorKind::kNotFound, "the PKCS#11 module " + module + " is not there");
  module_ = ::dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module_ == nullptr)
    return fail(ErrorKind::kUnavailable, "the PKCS#11 module cannot be loaded: " + std::string(::dlerror()));
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(module_, "C_GetFunctionList"));
  CK_FUNCTION_LIST* functions = nullptr;
  if (get == nullptr || get(&functions) != CKR_OK || functions == nullptr)
    return fail(ErrorKind::kUnavailable, module + " is no PKCS#11 module");
  COFFER_CK("the module's start", functions->C_Initialize(nullptr));
  ck_ = functions;
  return {};
}

HsmLoginOutcome Hsm::log_in(const format::HsmLocation& location, const SecretBytes& pin) {
  if (module_ != nullptr) return HsmLoginOutcome::kNoModule;
  if (const Status loaded = load(location.module); !loaded) {
    log_warning("{}", loaded.error().message);
    return HsmLoginOutcome::kNoModule;
  }
  const auto slot = find_token(*ck_, location.label, location.serial);
  if (!slot) {
    log_warning("{}", slot.error().message);
    return HsmLoginOutcome::kNoToken;
  }
  slot_ = *slot;
  if (!knows_mechanisms()) return HsmLoginOutcome::kUnfitToken;
  return pin.empty() ? HsmLoginOutcome::kLoggedIn : open_session(pin);
}

bool Hsm::knows_mechanisms() const {
  CK_MECHANISM_INFO making{}, use{};
  return ck_->C_GetMechanismInfo(slot_, CKM_AES_KEY_GEN, &making) == CKR_OK &&
         ck_->C_GetMechanismInfo(slot_, CKM_AES_GCM, &use) == CKR_OK && (use.flags & CKF_ENCRYPT) != 0 &&
         (use.flags & CKF_DECRYPT) != 0;
}

HsmLoginOutcome Hsm::open_session(const SecretBytes& pin) {
  CK_RV code = ck_->C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_);
  if (code == CKR_OK) {
    const ByteView bytes = pin.read(RawAccess::because("the token wants its PIN"));
    code = ck_->C_Login(session_, CKU_USER, raw(bytes), bytes.size());
  }
  const HsmLoginOutcome outcome = outcome_of_login(code);
  logged_in_ = outcome == HsmLoginOutcome::kLoggedIn;
  if (!logged_in_) log_warning("{}", pkcs11_error("log-in", code).message);
  return outcome;
}

// `all`: also what only the making of a key can promise.
Status Hsm::check_promises(CK_OBJECT_HANDLE key, bool all) const {
  CK_BBOOL sensitive = CK_FALSE, extractable = CK_TRUE, always = CK_FALSE, never = CK_FALSE, local = CK_FALSE;
  CK_ATTRIBUTE promises[] = {{CKA_SENSITIVE, &sensitive, sizeof sensitive},
                             {CKA_EXTRACTABLE, &extractable, sizeof extractable},
                             {CKA_ALWAYS_SENSITIVE, &always, sizeof always},
                             {CKA_NEVER_EXTRACTABLE, &never, sizeof never},
                             {CKA_LOCAL, &local, sizeof local}};
  COFFER_CK("what the token says of the key",
            ck_->C_GetAttributeValue(session_, key, promises, all ? std::size(promises) : 2));
  const bool kept = sensitive == CK_TRUE && extractable == CK_FALSE;
  if (kept && (!all || (always == CK_TRUE && never == CK_TRUE && local == CK_TRUE))) return {};
  return fail(ErrorKind::kPermissionDenied, "PKCS#11: the token does not promise that its key stays in it");
}

Status Hsm::generate(const format::sealer::HsmGenerate& wanted) {
  CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
  CK_KEY_TYPE type = CKK_AES;
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  CK_ULONG size = kKeySize;
  HsmObjectId id = wanted.object;
  std::string label = wanted.label;
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &kind, sizeof kind},     {CKA_KEY_TYPE, &type, sizeof type},
                               {CKA_VALUE_LEN, &size, sizeof size}, {CKA_TOKEN, &yes, sizeof yes},
                               {CKA_PRIVATE, &yes, sizeof yes},     {CKA_SENSITIVE, &yes, sizeof yes},
                               {CKA_EXTRACTABLE, &no, sizeof no},   {CKA_ENCRYPT, &yes, sizeof yes},
                               {CKA_DECRYPT, &yes, sizeof yes},     {CKA_WRAP, &no, sizeof no},
                               {CKA_UNWRAP, &no, sizeof no},        {CKA_DERIVE, &no, sizeof no},
                               {CKA_ID, id.data(), id.size()},      {CKA_LABEL, label.data(), label.size()}};
  CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE key = 0;
  const CK_RV code = ck_->C_GenerateKey(session_, &mechanism, attributes, std::size(attributes), &key);
  if (code != CKR_OK) return tl::unexpected(error("making a key", code));
  if (const Status kept = check_promises(key, true); !kept) {
    ck_->C_DestroyObject(session_, key);
    return kept;
  }
  handles_[id] = key;
  return {};
}

// A token that has gone looks empty to some modules. Whether it is gone, or only the key, matters: of a key
// that is not there people think it destroyed.
Error Hsm::missing() {
  CK_TOKEN_INFO info{};
  if (const CK_RV code = ck_->C_GetTokenInfo(slot_, &info); code != CKR_OK) {
    lost_ = true;
    return {ErrorKind::kUnavailable, pkcs11_error("asking for the token", code).message};
  }
  return {ErrorKind::kNotFound, "PKCS#11: the token does not have the key"};
}

Result<CK_OBJECT_HANDLE> Hsm::find(const HsmObjectId& wanted) {
  if (const auto known = handles_.find(wanted); known != handles_.end()) return known->second;
  CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
  HsmObjectId id = wanted;
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &kind, sizeof kind}, {CKA_ID, id.data(), id.size()}};
  CK_RV code = ck_->C_FindObjectsInit(session_, attributes, std::size(attributes));
  if (code != CKR_OK) return tl::unexpected(error("looking for the key", code));
  CK_OBJECT_HANDLE found = 0;
  CK_ULONG count = 0;
  code = ck_->C_FindObjects(session_, &found, 1, &count);
  ck_->C_FindObjectsFinal(session_);
  if (code != CKR_OK) return tl::unexpected(error("looking for the key", code));
  if (count == 0) return tl::unexpected(missing());
  COFFER_CHECK(check_promises(found, false));
  handles_[wanted] = found;
  return found;
}

// The handle may be one of an object that somebody else has replaced: then it is looked for once more.
template <class Use>
CK_RV Hsm::use(const HsmObjectId& id, Use use, Status& found) {
  CK_RV code = CKR_OK;
  for (int tries = 0; tries < 2; ++tries) {
    const auto key = find(id);
    if (!key) {
      found = tl::unexpected(key.error());
      return CKR_OK;
    }
    code = use(*key);
    if (!says_bad_handle(code)) break;
    handles_.erase(id);
  }
  return code;
}

CK_RV Hsm::encrypt_once(CK_OBJECT_HANDLE key, HsmIv& iv, ByteView associated_data, ByteView plaintext,
                        Bytes& sealed) {
  CK_GCM_PARAMS parameters = gcm(iv, associated_data);
  CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof parameters};
  if (const CK_RV code = ck_->C_EncryptInit(session_, &mechanism, key); code != CKR_OK) return code;
  sealed.resize(plaintext.size() + kTagBits / 8);
  CK_ULONG size = sealed.size();
  const CK_RV code = ck_->C_Encrypt(session_, raw(plaintext), plaintext.size(), sealed.data(), &size);
  if (code == CKR_OK && size != sealed.size()) return CKR_FUNCTION_FAILED;
  return code;
}

// `iv` is the one that was used.
CK_RV Hsm::encrypt_with(CK_OBJECT_HANDLE key, HsmIv& iv, ByteView associated_data, ByteView plaintext,
                        Bytes& sealed) {
  const CK_RV tried = encrypt_once(key, iv, associated_data, plaintext, sealed);
  if (tried != CKR_MECHANISM_PARAM_INVALID) return tried;
  // A token that makes every IV itself wants an empty place for it, and fills it.
  iv = HsmIv{};
  const CK_RV its_own = encrypt_once(key, iv, associated_data, plaintext, sealed);
  return its_own == CKR_OK && iv == HsmIv{} ? CK_RV{CKR_MECHANISM_PARAM_INVALID} : its_own;
}

Result<Bytes> Hsm::encrypt(const format::sealer::HsmMessageView& message, const SecretBytes& plaintext) {
  const ByteView bytes = plaintext.read(RawAccess::because("the token encrypts it"));
  HsmIv iv = message.iv;
  Bytes sealed;
  Status found;
  const CK_RV code = use(
      message.object,
      [&](CK_OBJECT_HANDLE key) { return encrypt_with(key, iv, message.associated_data, bytes, sealed); },
      found);
  COFFER_CHECK(found);
  if (code != CKR_OK) return tl::unexpected(error("encrypting", code));
  return format::Writer().raw(iv).raw(sealed).take();
}

// So it works with the key, and what it did not open a moment ago is to blame. One message a key is sealed
// for this, under a random IV like any other; it says nothing.
bool Hsm::opens_what_it_sealed(const HsmObjectId& id, CK_OBJECT_HANDLE key) {
  constexpr std::array<uint8_t, 16> kNothing{};
  Probe& probe = probes_[id];
  if (probe.sealed.empty()) {
    system_random().fill(probe.iv);
    if (encrypt_with(key, probe.iv, {}, kNothing, probe.sealed) != CKR_OK) {
      probes_.erase(id);
      return false;
    }
  }
  std::array<uint8_t, kNothing.size() + kTagBits / 8> opened{};
  CK_ULONG size = opened.size();
  CK_GCM_PARAMS parameters = gcm(probe.iv, {});
  CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof parameters};
  return ck_->C_DecryptInit(session_, &mechanism, key) == CKR_OK &&
         ck_->C_Decrypt(session_, probe.sealed.data(), probe.sealed.size(), opened.data(), &size) == CKR_OK &&
         std::ranges::equal(ByteView(opened).first(std::min<size_t>(size, opened.size())), kNothing);
}

Result<SecretBytes> Hsm::decrypt(const format::sealer::HsmMessageView& message, ByteView sealed) {
  HsmIv iv = message.iv;
  SecretBytes out(sealed.size());
  const MutableByteView place = out.write(RawAccess::because("the token decrypts into it"));
  CK_ULONG size = place.size();
  Status found;
  const CK_RV code = use(
      message.object,
      [&](CK_OBJECT_HANDLE key) {
        CK_GCM_PARAMS parameters = gcm(iv, message.associated_data);
        CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof parameters};
        if (const CK_RV begun = ck_->C_DecryptInit(session_, &mechanism, key); begun != CKR_OK) return begun;
        const CK_RV done = ck_->C_Decrypt(session_, raw(sealed), sealed.size(), place.data(), &size);
        const bool refused =
            says_refused(done) || (may_say_refused(done) && opens_what_it_sealed(message.object, key));
        return refused ? CK_RV{CKR_ENCRYPTED_DATA_INVALID} : done;
      },
      found);
  COFFER_CHECK(found);
  if (code == CKR_ENCRYPTED_DATA_INVALID) return tl::unexpected(format::refused_ciphertext());
  if (code != CKR_OK) return tl::unexpected(error("decrypting", code));
  if (size > place.size()) return tl::unexpected(format::refused_ciphertext());
  return out.slice(0, size);
}

Status Hsm::destroy(const HsmObjectId& id) {
  Status found;
  const CK_RV code = use(
      id, [&](CK_OBJECT_HANDLE key) { return ck_->C_DestroyObject(session_, key); }, found);
  if (!found) return found.error().kind == ErrorKind::kNotFound ? Status() : found;
  if (code != CKR_OK) return tl::unexpected(error("destroying the key", code));
  handles_.erase(id);
  probes_.erase(id);
  return {};
}

Result<SecretBytes> Hsm::random(uint32_t size) {
  if (size == 0 || size > kMostRandom) return fail(ErrorKind::kInvalidArgument, "1 to 1024 random bytes");
  SecretBytes out(size);
  const MutableByteView place = out.write(RawAccess::because("the token's random bytes go into it"));
  const CK_RV code = ck_->C_GenerateRandom(session_, place.data(), place.size());
  if (code != CKR_OK) return tl::unexpected(error("random bytes", code));
  return out;
}

}  // namespace coffer::sealer
