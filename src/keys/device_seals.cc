// SPDX-License-Identifier: Apache-2.0
#include "keys/device_seals.h"

#include <fmt/format.h>

#include "crypto/random.h"
#include "keys/unsealing.h"
#include "seals/seal_request.h"

namespace coffer::keys {
namespace {

using format::SealKind;
using format::sealer::kCounterAuthSize;
using format::sealer::kKeySize;
using format::sealer::Operation;
using secret::RawAccess;
using secret::SecretBytes;

ByteView raw(const SecretBytes& secret) {
  return secret.read(RawAccess::because("the sealer needs it"));
}

Bytes open_bytes(const SecretBytes& reply) {
  return to_bytes(reply.read(RawAccess::because("parameters of a seal are no secret")));
}

// The counter in the TPM follows the sequence number of the sealed copies: copies that are behind it are old
// ones put back. It is moved after the copies are written, so one step ahead is a change that was cut off.
class TpmCounter final : public seals::RollbackAnchor {
 public:
  TpmCounter(SealerClient& sealer, Bytes parameters, uint64_t offset, SecretBytes auth)
      : sealer_(sealer), parameters_(std::move(parameters)), offset_(offset), auth_(std::move(auth)) {}

  Status accept(uint64_t sequence) override {
    COFFER_TRY(counter, ask(Operation::kTpmCounter));
    const auto ahead = static_cast<int64_t>(sequence + offset_ - counter);
    if (ahead < 0)
      return fail(
          ErrorKind::kPermissionDenied,
          fmt::format("the sealed domain keys are an older copy: they are of change {}, and the TPM's "
                      "counter says that there have been {}. Put the newest ones back",
                      sequence, counter - offset_));
    if (ahead > kMostAhead)
      return fail(
          ErrorKind::kPermissionDenied,
          fmt::format("the TPM's counter is {} changes behind the sealed domain keys: it is not the one "
                      "that they were sealed with",
                      ahead));
    return advance_to(sequence);
  }

  Status advance_to(uint64_t sequence) override {
    COFFER_TRY(counter, ask(Operation::kTpmCounter));
    while (static_cast<int64_t>(sequence + offset_ - counter) > 0) {
      COFFER_TRY(next, ask(Operation::kTpmAdvance));
      counter = next;
    }
    return {};
  }

 private:
  static constexpr int64_t kMostAhead = 64;  // changes in a row whose last step failed

  Result<uint64_t> ask(Operation operation) {
    COFFER_TRY(reply, sealer_.call({operation, parameters_, raw(auth_), {}}));
    format::Reader reader(raw(reply));
    const uint64_t value = reader.u64();
    if (!reader.at_end()) return fail(ErrorKind::kInternal, "the sealer's answer cannot be understood");
    return value;
  }

  SealerClient& sealer_;
  const Bytes parameters_;
  const uint64_t offset_;
  const SecretBytes auth_;
};

std::string pcrs_of(uint32_t pcrs) {
  std::string text;
  for (int i = 0; i < 24; ++i)
    if ((pcrs >> i & 1) != 0) text += (text.empty() ? "" : ",") + std::to_string(i);
  return text;
}

Result<NewSeal> tpm_seal(SealerClient& sealer, format::TpmParameters parameters, const SecretBytes& secret,
                         const format::UuidBytes& installation_id) {
  if (secret.size() != kKeySize + kCounterAuthSize)
    return fail(ErrorKind::kRefusedCiphertext, "the TPM holds something else than a seal of Coffer's");
  Bytes encoded = format::encode(parameters);
  NewSeal made;
  made.seal =
      std::make_unique<seals::Seal>(SealKind::kTpm, installation_id, encoded, secret.slice(0, kKeySize),
                                    fmt::format("TPM 2.0 (PCRs {})", pcrs_of(parameters.pcrs)),
                                    std::make_unique<TpmCounter>(sealer, encoded, parameters.counter_offset,
                                                                 secret.slice(kKeySize, kCounterAuthSize)));
  return made;
}

Result<NewSeal> new_tpm_seal(SealerClient& sealer, ByteView wanted, const format::UuidBytes& installation_id,
                             uint64_t next_sequence) {
  const SecretBytes secret = crypto::random_secret(kKeySize + kCounterAuthSize);
  COFFER_TRY(reply, sealer.call({Operation::kTpmCreate, wanted, raw(secret), {}}));
  COFFER_TRY(parameters, format::parse_tpm_parameters(open_bytes(reply)));
  // A new counter has no value yet: the first step gives it one.
  const SecretBytes auth = secret.slice(kKeySize, kCounterAuthSize);
  COFFER_TRY(first, sealer.call({Operation::kTpmAdvance, open_bytes(reply), raw(auth), {}}));
  format::Reader reader(raw(first));
  parameters.counter_offset = reader.u64() - (next_sequence - 1);
  if (!reader.at_end()) return fail(ErrorKind::kInternal, "the sealer's answer cannot be understood");
  return tpm_seal(sealer, std::move(parameters), secret, installation_id);
}

Result<NewSeal> stored_tpm_seal(SealerClient& sealer, const format::TpmParameters& parameters,
                                const format::UuidBytes& installation_id) {
  COFFER_TRY(secret, sealer.call({Operation::kTpmOpen, format::encode(parameters), {}, {}}));
  return tpm_seal(sealer, parameters, secret, installation_id);
}

Result<NewSeal> pkcs11_seal(SealerClient& sealer, format::Pkcs11Parameters parameters, ByteView pin,
                            const format::UuidBytes& installation_id) {
  SecretBytes key;
  Bytes encoded = format::encode(parameters);
  if (parameters.wrapped.empty()) {
    key = crypto::random_secret(kKeySize);
    COFFER_TRY(reply, sealer.call({Operation::kPkcs11Create, encoded, pin, raw(key)}));
    encoded = open_bytes(reply);
  } else {
    COFFER_TRY(opened, sealer.call({Operation::kPkcs11Open, encoded, pin, {}}));
    key = std::move(opened);
  }
  NewSeal made;
  made.to_remember = seals::encode_material({SealKind::kPkcs11, encoded, pin});
  made.seal = std::make_unique<seals::Seal>(
      SealKind::kPkcs11, installation_id, std::move(encoded), std::move(key),
      fmt::format("PKCS#11 token {} ({})", parameters.token, parameters.module));
  return made;
}

}  // namespace

MakeSeal seal_maker(SealerClient* sealer) {
  return [sealer](const format::SealMaterialView& material, const format::UuidBytes& installation_id,
                  uint64_t next_sequence) -> Result<NewSeal> {
    const bool device = material.kind == SealKind::kTpm || material.kind == SealKind::kPkcs11;
    if (!device) return make_software_seal(material, installation_id);
    if (sealer == nullptr) return fail(ErrorKind::kUnavailable, "coffer-sealer could not be started");
    if (material.kind == SealKind::kPkcs11) {
      COFFER_TRY(parameters, format::parse_pkcs11_parameters(material.parameters));
      return pkcs11_seal(*sealer, std::move(parameters), material.secret, installation_id);
    }
    COFFER_TRY(parameters, format::parse_tpm_parameters(material.parameters));
    if (parameters.private_blob.empty())
      return new_tpm_seal(*sealer, material.parameters, installation_id, next_sequence);
    return stored_tpm_seal(*sealer, parameters, installation_id);
  };
}

}  // namespace coffer::keys
