// SPDX-License-Identifier: Apache-2.0
// What protects the domain keys at rest. A seal takes small secrets and gives back bytes that only it opens.
#pragma once
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "format/sealed_domain_keys.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// Thread-safe.
class Seal {
 public:
  virtual ~Seal() = default;
  virtual format::SealKind kind() const = 0;
  virtual std::string description() const = 0;  // for people: "key file /etc/coffer/seal.key"
  // The installation that this seal was made for.
  virtual const format::UuidBytes& installation_id() const = 0;
  virtual Result<Bytes> seal(const secret::SecretBytes& secret, ByteView associated_data) const = 0;
  // kRefusedCiphertext when this seal did not make it.
  virtual Result<secret::SecretBytes> open(ByteView sealed, ByteView associated_data) const = 0;
};

}  // namespace coffer::keys
