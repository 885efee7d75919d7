// SPDX-License-Identifier: Apache-2.0
#include "api/request_call.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/call_record.h"
#include "base/ids.h"
#include "wire/redact.h"
#include "wire/validate.h"

namespace coffer::api {
namespace {

// What takes access away, or gives space back, must work when the disk is full.
catalog::Urgency urgency_of(std::string_view service, std::string_view operation) {
  const bool protective =
      (service == "kms" && (operation == "DisableKey" || operation == "ScheduleKeyDeletion")) ||
      (service == "ec2" &&
       (operation == "DetachVolume" || operation == "DeleteVolume" || operation == "DeleteSnapshot")) ||
      (service == "iam" && (operation == "UpdateAccessKey" || operation.starts_with("Delete") ||
                            operation.starts_with("Detach")));
  return protective ? catalog::Urgency::kProtective : catalog::Urgency::kOrdinary;
}

}  // namespace

RequestCall::RequestCall(Installation& parts, policy::Principal who, const Service& api_service,
                         const wire::Operation& api_operation, CallOrigin origin, const Failpoint& failpoint)
    : Call(parts, std::move(who)),
      api_service_(api_service),
      api_operation_(api_operation),
      failpoint_(failpoint) {
  account = principal.account;
  source_ip_address = std::move(origin.source_ip_address);
  user_agent = std::move(origin.user_agent);
  secure_transport = origin.secure_transport;
  vpc_endpoint = std::move(origin.vpc_endpoint);
  vpc = std::move(origin.vpc);
  service = api_service.name();
  operation = std::string(api_operation.name);
  urgency = urgency_of(service, operation);
}

Status RequestCall::record_success(const wire::Value& response) {
  if (recorded_ && dependent_calls_.empty()) return {};
  const catalog::TrailEvent own = recorded_ ? catalog::TrailEvent() : event(response, nullptr);
  const bool alone = !recorded_ && !notes_use_ && dependent_calls_.empty();
  COFFER_CHECK(alone ? installation.catalog.append_trail(own)
                     : installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
                         if (!recorded_) COFFER_CHECK(append_own(transaction, own));
                         for (const DependentCall& dependent : dependent_calls_)
                           COFFER_CHECK(record_now(transaction, dependent));
                         return {};
                       }));
  if (!recorded_ && service == "kms")
    installation.key_usage->note(operation, used_key_arns(response), own, request_id);
  recorded_ = true;
  dependent_calls_.clear();
  return {};
}

// Also after a commit: a change was made and recorded, and yet the call failed.
Status RequestCall::record_failure(const Error& public_error) {
  COFFER_CHECK(installation.catalog.write([&](catalog::Transaction& transaction) {
    return append(transaction, event(wire::Value(), &public_error));
  }));
  dependent_calls_.clear();
  return {};
}

Status RequestCall::record_now(catalog::Transaction& transaction, const DependentCall& dependent) {
  const catalog::TrailEvent its_event = event_of(record_of(*this, dependent));
  COFFER_CHECK(transaction.append_trail(its_event));
  if (dependent.error_code.empty())
    installation.key_usage->note(dependent.event_name, dependent.resource_arns, its_event, request_id);
  return {};
}

Status RequestCall::on_commit(catalog::Transaction& transaction, const wire::Value& response) {
  COFFER_CHECK(check_asked(*this));
  COFFER_CHECK(check_complete(api_operation_, response));
  COFFER_CHECK(append(transaction, event(response, nullptr)));
  if (idempotent_) COFFER_CHECK(idempotent_->store_answer(transaction, response, time));
  return {};
}

void RequestCall::after_commit() {
  recorded_ = true;
  dependent_calls_.clear();
  failpoint_.after_commit(operation);
}

Status RequestCall::store_use(catalog::Transaction& transaction) {
  const std::string used = used_credential(principal);
  if (principal.temporary) return transaction.set_role_used(used, {time, region});
  return transaction.set_access_key_used(used, time, service, region);
}

Status RequestCall::append_own(catalog::Transaction& transaction, const catalog::TrailEvent& own) {
  if (notes_use_) COFFER_CHECK(store_use(transaction));
  return transaction.append_trail(own);
}

Status RequestCall::append(catalog::Transaction& transaction, const catalog::TrailEvent& own) {
  COFFER_CHECK(append_own(transaction, own));
  for (const DependentCall& dependent : dependent_calls_) COFFER_CHECK(record_now(transaction, dependent));
  return {};
}

catalog::TrailEvent RequestCall::event(const wire::Value& response, const Error* public_error) const {
  trail::Record record;
  record.event_id = make_time_ordered_uuid(installation.random, time);
  record.request_id = request_id;
  record.time = time;
  record.event_source = api_service_.event_source();
  record.event_name = operation;
  record.region = region;
  record.source_ip_address = source_ip_address;
  record.user_agent = user_agent;
  record.vpc_endpoint_id = vpc_endpoint;
  if (!vpc_endpoint.empty()) record.vpc_endpoint_account_id = installation.owner_account;
  record.identity = identity_of(principal);
  record.read_only = is_read_only(operation);
  record.known_json = true;
  record.request_parameters = wire::redacted_json(api_operation_.input, request_);
  if (public_error != nullptr) {
    record.error_code = recorded_error_code(*api_service_.model, *public_error);
    record.error_message = public_error->message;
  } else if (!record.read_only) {
    record.response_elements = wire::redacted_json(api_operation_.output, response);
  }
  record.additional_event_data = additional_event_data;
  if (service == "kms") record.resource_arns = key_arns(request_, response, region, account);
  record.recipient_account_id = account;
  return event_of(std::move(record));
}

std::string used_credential(const policy::Principal& principal) {
  if (!principal.temporary) return principal.access_key_id;
  if (principal.type != policy::PrincipalType::kRoleSession) return {};
  return principal.id.substr(0, principal.id.find(':'));
}

Status check_asked(const Call& call) {
  if (call.has_asked()) return {};
  return fail(ErrorKind::kInternal,
              fmt::format("{}:{} asked for no permission", call.service, call.operation));
}

Status check_complete(const wire::Operation& operation, const wire::Value& response) {
  if (operation.output == nullptr) return {};
  const auto missing = wire::missing_members(*operation.output, response);
  if (missing.empty()) return {};
  return fail(ErrorKind::kInternal,
              fmt::format("the answer of {} lacks {}", operation.name, fmt::join(missing, ", ")));
}

}  // namespace coffer::api
