// SPDX-License-Identifier: Apache-2.0
#include "api/call_record.h"

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "services/arn.h"

namespace coffer::api {

namespace {

// What the provider calls whom it knows: ISSUER:sub.
std::string subject_of(const policy::Principal& principal) {
  const auto& context = principal.session.context;
  const auto found =
      std::ranges::find_if(context, [](const auto& key) { return key.first.ends_with(":sub"); });
  return found == context.end() ? std::string() : found->second;
}

}  // namespace

trail::UserIdentity identity_of(const policy::Principal& principal) {
  trail::UserIdentity identity;
  switch (principal.type) {
    case policy::PrincipalType::kRoot:
      identity.type = "Root";
      break;
    case policy::PrincipalType::kUnixUser:
      identity.type = "UnixUser";
      break;
    case policy::PrincipalType::kUser:
      identity.type = "IAMUser";
      identity.user_name = policy::entity_name(principal.arn);
      break;
    case policy::PrincipalType::kRoleSession:
      identity.type = "AssumedRole";
      identity.session_issuer = {principal.source_arn, principal.id.substr(0, principal.id.find(':')),
                                 policy::entity_name(principal.arn)};
      break;
    case policy::PrincipalType::kFederatedUser:
      identity.type = "FederatedUser";
      break;
    case policy::PrincipalType::kWebIdentity:
      identity.type = "WebIdentityUser";
      identity.principal_id = principal.id;
      identity.user_name = subject_of(principal);
      identity.identity_provider = principal.source_arn;
      return identity;
  }
  identity.principal_id = principal.id;
  identity.arn = principal.arn;
  identity.account_id = principal.account;
  identity.access_key_id = principal.access_key_id;
  if (principal.temporary) {
    identity.session_created = principal.session.issued;
    identity.mfa_authenticated = principal.session.mfa_authenticated.has_value();
    identity.source_identity = policy::source_identity_of(principal);
  }
  return identity;
}

bool is_read_only(std::string_view operation) {
  constexpr std::array kReading = {"Describe", "List",   "Get",    "Encrypt",  "Decrypt", "ReEncrypt",
                                   "Sign",     "Verify", "Derive", "Generate", "Simulate"};
  return std::ranges::any_of(kReading, [&](const char* prefix) { return operation.starts_with(prefix); });
}

std::vector<std::string> key_arns(const wire::Value& request, const wire::Value& response,
                                  const std::string& region, const std::string& account) {
  std::vector<std::string> arns;
  arns.reserve(2);
  const auto add = [&](const wire::Value* value) {
    const std::string* text = value == nullptr ? nullptr : value->as<std::string>();
    if (text == nullptr) return;
    std::string arn = is_key_id(*text) ? services::key_arn(region, account, *text) : *text;
    if (arn.starts_with("arn:aws:kms:") && std::ranges::find(arns, arn) == arns.end())
      arns.push_back(std::move(arn));
  };
  for (const char* name : {"KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId"})
    add(request.member(name));
  for (const char* name : {"SourceKeyId", "KeyId"}) add(response.member(name));
  if (const wire::Value* metadata = response.member("KeyMetadata")) add(metadata->member("Arn"));
  return arns;
}

std::vector<std::string> used_key_arns(const wire::Value& response) {
  std::vector<std::string> arns;
  for (const char* name : {"KeyId", "SourceKeyId"})
    if (const wire::Value* value = response.member(name))
      if (const auto* arn = value->as<std::string>()) arns.push_back(*arn);
  return arns;
}

std::string recorded_error_code(const wire::ServiceModel& model, const Error& public_error) {
  if (model.protocol != wire::Protocol::kEc2) return public_error.code;
  return (wire::http_status(model, public_error) < 500 ? "Client." : "Server.") + public_error.code;
}

trail::Record record_of(const Call& call, const DependentCall& dependent) {
  const std::string invoker = call.service + ".amazonaws.com";
  trail::Record record;
  record.time = call.installation.clock.now();
  record.event_id = make_time_ordered_uuid(call.installation.random, record.time);
  record.request_id = make_uuid(call.installation.random);
  record.event_source = dependent.event_source;
  record.event_name = dependent.event_name;
  record.region = call.region;
  record.source_ip_address = invoker;
  record.user_agent = invoker;
  record.identity = identity_of(call.principal);
  record.identity.invoked_by = invoker;
  record.error_code = dependent.error_code;
  record.error_message = dependent.error_message;
  record.request_parameters = dependent.request_parameters_json;
  record.read_only = dependent.read_only;
  record.resource_arns = dependent.resource_arns;
  record.recipient_account_id = call.account;
  return record;
}

catalog::TrailEvent event_of(trail::Record record) {
  std::string json = trail::to_json(record);
  return {std::move(record.event_id),
          std::move(record.recipient_account_id),
          std::move(record.region),
          record.time,
          std::move(record.event_source),
          std::move(record.event_name),
          std::move(json)};
}

}  // namespace coffer::api
