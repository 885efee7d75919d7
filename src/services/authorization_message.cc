// SPDX-License-Identifier: Apache-2.0
#include "services/authorization_message.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "format/authorization_message.h"
#include "policy/match.h"
#include "services/condition_key_names.h"
#include "services/installation_key.h"

namespace coffer::services {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLargestMessage = 7000;  // bytes, so that its encoding has room
constexpr std::string_view kUse = "coffer authorization message";

Json items(const std::vector<std::string>& values) {
  Json list = Json::array();
  for (const std::string& value : values) list.push_back({{"value", value}});
  return {{"items", std::move(list)}};
}

// A pattern as the policy has it.
std::string written(std::string pattern) {
  for (char& c : pattern) {
    if (c == policy::kManyCharacters || c == policy::kManyWithinSegment) c = '*';
    if (c == policy::kOneCharacter || c == policy::kOneWithinSegment) c = '?';
  }
  return pattern;
}

// A control policy by its id alone: names, and where it is attached, are for the organization.
std::string policy_name(const policy::Finding& finding) {
  using policy::PolicyKind;
  const std::string& name = finding.policy->name;
  const bool control =
      finding.kind == PolicyKind::kServiceControl || finding.kind == PolicyKind::kResourceControl;
  return control ? name.substr(0, name.find(' ')) : name;
}

// As the statement has them.
Json conditions(const policy::Statement& statement) {
  Json list = Json::array();
  for (const auto& condition : statement.conditions)
    list.push_back({{"key", condition.key}, {"values", items(condition.written)}});
  return {{"items", std::move(list)}};
}

// `whole`: also of the resource's policies, which are its owner's. `entity_id`: of the caller's user or role.
Json matched_statements(const policy::Verdict& verdict, const std::string& entity_id, bool whole) {
  Json list = Json::array();
  const policy::Finding* last = verdict.findings.empty() ? nullptr : &verdict.findings.back();
  using policy::PolicyKind;
  if (!whole && last != nullptr &&
      (last->kind == PolicyKind::kResourceControl || last->kind == PolicyKind::kResource))
    last = nullptr;
  if (verdict.outcome == policy::Outcome::kExplicitDeny && last != nullptr && last->policy != nullptr) {
    const policy::Statement& statement = last->policy->document->statements[last->statement];
    std::vector<std::string> actions, resources, holder;  // of an identity policy
    if (last->kind == PolicyKind::kIdentity) holder.push_back(entity_id);
    for (const auto& action : statement.actions) actions.push_back(written(action));
    for (const auto& resource : statement.resources) resources.push_back(written(resource.pattern));
    if (statement.resource_rule == policy::Statement::Resources::kAny) resources.emplace_back("*");
    list.push_back({{"statementId", statement.sid},
                    {"effect", "DENY"},
                    {"policy", policy_name(*last)},
                    {"principals", items(holder)},
                    {"principalGroups", items({})},
                    {statement.not_action ? "notActions" : "actions", items(actions)},
                    {"resources", items(resources)},
                    {"conditions", conditions(statement)}});
  }
  return {{"items", std::move(list)}};
}

Json conditions(const policy::Context& context) {
  Json list = Json::array();
  for (const auto& [key, values] : context.entries())
    list.push_back({{"key", written_key(key)}, {"values", items(values)}});
  return {{"items", std::move(list)}};
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

tl::unexpected<Error> invalid() {
  return fail(ErrorKind::kInvalidArgument, "Message is invalid.", "InvalidAuthorizationMessageException");
}

Result<secret::SecretBytes> key_of(Installation& installation, ByteView salt) {
  COFFER_TRY(own, installation.own_key->get(installation));
  return crypto::derive_key(*own, kUse, salt, crypto::kAeadKeySize);
}

}  // namespace

std::string authorization_message(const policy::Principal& principal, const AccessQuestion& question,
                                  const AccessDecision& decision, const policy::Context& context) {
  const bool denied = decision.verdict.outcome == policy::Outcome::kExplicitDeny;
  const bool own = question.resource_account.empty() || question.resource_account == principal.account;
  const std::string& id = decision.policies->caller.identity.id;
  Json who = {{"id", id}};
  if (principal.type == policy::PrincipalType::kUser) who["name"] = policy::entity_name(principal.arn);
  who["arn"] = principal.arn;
  Json json = {{"allowed", false},
               {"explicitDeny", denied},
               {"matchedStatements", matched_statements(decision.verdict, id.substr(0, id.find(':')), own)},
               {"failures", items({})},
               {"context",
                {{"principal", std::move(who)},
                 {"action", question.action},
                 {"resource", question.resource},
                 {"conditions", conditions(context)}}}};
  if (dump(json).size() > kLargestMessage) json["context"]["conditions"] = items({});
  if (dump(json).size() > kLargestMessage) json["matchedStatements"] = items({});
  return dump(json);
}

Result<std::string> encode_authorization_message(Installation& installation, const std::string& account,
                                                 const std::string& message) {
  format::AuthorizationMessage envelope;
  const Bytes salt = crypto::random_bytes(envelope.salt.size()),
              iv = crypto::random_bytes(envelope.iv.size());
  std::ranges::copy(salt, envelope.salt.begin());
  std::ranges::copy(iv, envelope.iv.begin());
  COFFER_TRY(key, key_of(installation, salt));
  COFFER_TRY(sealed,
             crypto::aead_seal(key, iv, as_bytes(account), secret::SecretBytes::copy_of(as_bytes(message))));
  envelope.sealed = std::move(sealed);
  return format::encode(envelope);
}

Result<std::string> decode_authorization_message(Installation& installation, const std::string& account,
                                                 const std::string& encoded) {
  const auto envelope = format::parse_authorization_message(encoded);
  if (!envelope) return invalid();
  COFFER_TRY(key, key_of(installation, envelope->salt));
  const auto opened = crypto::aead_open(key, envelope->iv, as_bytes(account), envelope->sealed);
  if (!opened) return invalid();
  return std::string(
      as_text(opened->read(secret::RawAccess::because("whoever may decode the message is told it"))));
}

}  // namespace coffer::services
