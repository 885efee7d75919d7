// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_use.h"

#include <fmt/format.h>

namespace coffer::services::kms {
namespace {

constexpr size_t kLargestContext = 8192;  // bytes of names and values (KMS quotas)

}  // namespace

Result<UsableKey> usable_key(Call& call, const std::string& key_identifier, const std::string& usage,
                             const KeyRequest& said) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kAllowed));
  COFFER_CHECK(authorise_key(call, action, found, said));
  COFFER_CHECK(check_key_state(found, call.operation));
  COFFER_CHECK(require_usage(call, found, usage));
  COFFER_TRY(material, stored_material(call.installation, found));
  auto backing = wrapped(found.key, material.row());
  return UsableKey{std::move(found), std::move(backing), std::move(material)};
}

Status require_usage(const Call& call, const FoundKey& found, const std::string& usage) {
  if (found.key.usage == usage) return {};
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("{} key usage is {} which is not valid for {}.", found.arn, found.key.usage,
                          call.operation),
              "InvalidKeyUsageException");
}

tl::unexpected<Error> incompatible_algorithm(const std::string& algorithm, const FoundKey& found) {
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("Algorithm {} is incompatible with key spec {}.", algorithm, found.key.spec),
              "InvalidKeyUsageException");
}

KeyRequest key_request(const std::optional<std::vector<std::string>>& grant_tokens, Context context) {
  KeyRequest said;
  said.encryption_context = std::move(context);
  if (grant_tokens) said.grant_tokens = *grant_tokens;
  return said;
}

Result<Context> checked_context(const std::optional<Context>& context) {
  if (!context) return Context{};
  size_t size = 0;
  for (const auto& [name, value] : *context) size += name.size() + value.size();
  if (size > kLargestContext)
    return fail(ErrorKind::kInvalidArgument, "Encryption context is too large.", "ValidationException");
  return *context;
}

Status refuse_recipient(const std::optional<api::RecipientInfo>& recipient) {
  if (!recipient) return {};
  return fail(ErrorKind::kUnsupported, "Recipient attestation is not supported here.",
              "UnsupportedOperationException");
}

Bytes hand_out(const secret::SecretBytes& plaintext) {
  return to_bytes(
      plaintext.read(secret::RawAccess::because("plaintext that the caller asked for leaves in the answer")));
}

std::optional<std::string> told_material_id(const UsableKey& key) {
  if (key.material.id().empty()) return std::nullopt;
  return key.material.id();
}

}  // namespace coffer::services::kms
