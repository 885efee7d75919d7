// SPDX-License-Identifier: Apache-2.0
// What protects the domain keys at rest. Whatever its kind, a seal is a 32-byte key; the kinds differ in
// where that key is had from: a file, a passphrase, a TPM, a PKCS#11 token.
#pragma once
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "format/sealed_domain_keys.h"
#include "secret/secret_bytes.h"

namespace coffer::seals {

// Something outside DIR that knows how often the sealed copies have changed. kPermissionDenied, in words, for
// copies that are older than that.
class RollbackAnchor {
 public:
  virtual ~RollbackAnchor() = default;
  virtual Status accept(uint64_t sequence) = 0;      // copies of this sequence number were found
  virtual Status advance_to(uint64_t sequence) = 0;  // copies of this sequence number were written
};

// Thread-safe.
class Seal {
 public:
  // `description` is for people: "key file /etc/coffer/seal.key".
  Seal(format::SealKind kind, const format::UuidBytes& installation_id, Bytes parameters,
       secret::SecretBytes key, std::string description, std::unique_ptr<RollbackAnchor> anchor = nullptr)
      : kind_(kind),
        installation_id_(installation_id),
        parameters_(std::move(parameters)),
        key_(std::move(key)),
        description_(std::move(description)),
        anchor_(std::move(anchor)) {}

  format::SealKind kind() const { return kind_; }
  const std::string& description() const { return description_; }
  // The installation that this seal was made for.
  const format::UuidBytes& installation_id() const { return installation_id_; }
  // What is stored beside what it seals (format/seal_parameters.h).
  const Bytes& parameters() const { return parameters_; }
  // Null where nothing outside DIR would notice a rollback.
  RollbackAnchor* anchor() const { return anchor_.get(); }

  Result<Bytes> seal(const secret::SecretBytes& secret, ByteView associated_data) const;
  // kRefusedCiphertext when this seal did not make it.
  Result<secret::SecretBytes> open(ByteView sealed, ByteView associated_data) const;

 private:
  format::SealKind kind_;
  format::UuidBytes installation_id_;
  Bytes parameters_;
  secret::SecretBytes key_;
  std::string description_;
  std::unique_ptr<RollbackAnchor> anchor_;
};

}  // namespace coffer::seals
