// SPDX-License-Identifier: Apache-2.0
// What the cryptographic operations have in common: the way from a key's name to its backing key, past all
// checks, and AWS's words for what a key cannot do.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/kms/key_access.h"
#include "services/kms/key_directory.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {

using Context = std::map<std::string, std::string>;

// A key that the caller may use for this operation, and one of its backing keys.
struct UsableKey {
  FoundKey found;
  keyclient::WrappedBackingKey backing;
  StoredMaterial material;  // which that is
};

// Finds the key, authorises the operation itself, and checks the key's state and usage ("SIGN_VERIFY").
Result<UsableKey> usable_key(Call& call, const std::string& key_identifier, const std::string& usage,
                             const KeyRequest& said);

// InvalidKeyUsageException: a key of another usage or of another spec.
Status require_usage(const Call& call, const FoundKey& found, const std::string& usage);
tl::unexpected<Error> incompatible_algorithm(const std::string& algorithm, const FoundKey& found);

// What every cryptographic request says beside its key.
KeyRequest key_request(const std::optional<std::vector<std::string>>& grant_tokens, Context context = {});
// ValidationException when the context is larger than AWS allows.
Result<Context> checked_context(const std::optional<Context>& context);

// A Nitro enclave's attestation: nobody here can check it, and plaintext must not leave instead.
// UnsupportedOperationException.
Status refuse_recipient(const std::optional<api::RecipientInfo>& recipient);

// A plaintext that belongs to the caller and leaves in the answer.
Bytes hand_out(const secret::SecretBytes& plaintext);

// A backing key of a key as answers tell it; nothing for one whose id is not known.
std::optional<std::string> told_material_id(const UsableKey& key);

}  // namespace coffer::services::kms
