// SPDX-License-Identifier: Apache-2.0
// Who may change the seal, or have the domain keys under another seal: whoever can open the folder DIR/keyd,
// and nobody else. At each start keyd leaves a public key and a random token there. A request is boxed for
// that key and repeats the token; so apid, which relays the box and cannot open DIR/keyd, can neither read
// the new seal's secret nor make a request of its own. The box is bound to the sequence number of the sealed
// copies, which every change raises: none is good twice.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "crypto/sealed_box.h"
#include "format/keyd_seal_protocol.h"
#include "format/seal_parameters.h"
#include "keys/domain_key_vault.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// A seal as somebody asks for it, and what a later start of keyd needs to open it (empty: nothing).
struct NewSeal {
  std::unique_ptr<seals::Seal> seal;
  secret::SecretBytes to_remember;  // seal material
};
// From seal material to a seal. The first copies under it have `next_sequence`.
using MakeSeal =
    std::function<Result<NewSeal>(const format::SealMaterialView& material,
                                  const format::UuidBytes& installation_id, uint64_t next_sequence)>;
// Hands seal material to whoever starts keyd again.
struct SealMemory {
  // Beside what is remembered already; called before anything depends on it.
  std::function<Status(const secret::SecretBytes& material)> add;
  // This opens the seal (empty: nothing need be handed over), and all else is forgotten.
  std::function<Status(const secret::SecretBytes& material)> keep_only;
};

// Thread-safe.
class SealControl {
 public:
  // Writes DIR/keyd/seal-authority. `in_force` is the material that opened the seal; empty: none was needed.
  // `vault` must outlive this.
  static Result<std::unique_ptr<SealControl>> create(Disk& disk, const std::string& folder,
                                                     DomainKeyVault& vault, MakeSeal make_seal,
                                                     SealMemory memory, secret::SecretBytes in_force);
  // What did not become the seal is forgotten again; what opens the seal never is.
  Status change(const format::keyd::SealRequest& request);
  Result<Bytes> export_domain_keys(const format::keyd::SealRequest& request);

 private:
  SealControl(DomainKeyVault& vault, crypto::RecipientKeyPair recipient, secret::SecretBytes token,
              MakeSeal make_seal, SealMemory memory, secret::SecretBytes in_force);
  Result<secret::SecretBytes> open_request(std::string_view binding,
                                           const format::keyd::SealRequest& request) const;

  void settle();

  DomainKeyVault& vault_;
  const crypto::RecipientKeyPair recipient_;
  const secret::SecretBytes token_;
  const MakeSeal make_seal_;
  const SealMemory memory_;
  std::mutex changing_;           // one change after the other
  secret::SecretBytes in_force_;  // what opens the seal in force, as far as is known
  size_t unsettled_ = 0;          // materials that are remembered because any of them may open it
};

}  // namespace coffer::keys
