// SPDX-License-Identifier: Apache-2.0
// One API call on its way through the pipeline: who asks, for what, and how its changes become durable
// together with its audit record and, where it has a client token, with its answer. Handlers get it after
// authentication, validation, the idempotency stage and authorisation. Used by one thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "services/authorisation.h"
#include "services/installation.h"
#include "wire/value.h"

namespace coffer {

// A further call made on the caller's behalf (ec2 asking kms for a data key), to be recorded with this one.
struct DependentCall {
  std::string event_source;             // "kms.amazonaws.com"
  std::string event_name;               // "GenerateDataKeyWithoutPlaintext"
  std::string request_parameters_json;  // no secrets
  std::vector<std::string> resource_arns;
  bool read_only = true;
  std::string error_code, error_message;  // empty when it succeeded
};

class Call {
 public:
  virtual ~Call() = default;

  Installation& installation;
  policy::Principal principal;
  std::string account;  // the caller's
  std::string region;
  std::string request_id;
  std::string service, operation;
  std::string source_ip_address, user_agent;
  std::string vpc_endpoint, vpc;  // that it came through; empty: through none
  bool secure_transport = true;
  Timestamp time;
  catalog::Urgency urgency = catalog::Urgency::kOrdinary;
  std::string additional_event_data;  // JSON, without secrets, that the call's record gets; empty: none

  // May the caller do it? Every handler asks, with the ARN that it is about, before it does anything; for
  // services whose operations are asked for as such ("ec2:CreateVolume" on "*") the pipeline has asked, and
  // handlers ask for what the operation depends on. An answer of a call that asked nothing never leaves.
  Status authorise(const AccessQuestion& question);
  Status authorise(const std::string& action, const std::string& resource_arn);
  // The verdict itself, for a service that has more to ask (grants).
  Result<AccessDecision> decide(const AccessQuestion& question);
  Error refusal(const AccessQuestion& question, const AccessDecision& decision);
  // For an operation that everybody may call.
  void needs_no_permission() { has_asked_ = true; }
  bool has_asked() const { return has_asked_; }

  // Runs `body` in one write transaction with this call's trail record, the records of its dependent calls
  // and its idempotency row, all durable when it returns. Out is a generated response type. At most once a
  // call.
  template <class Out>
  Result<Out> commit(const std::function<Result<Out>(catalog::Transaction&)>& body) {
    Result<Out> out = fail(ErrorKind::kInternal, "transaction did not run");
    auto status = installation.catalog.write(
        [&](catalog::Transaction& transaction) -> Status {
          out = body(transaction);
          if (!out) return tl::unexpected(out.error());
          return on_commit(transaction, to_value(*out));
        },
        urgency);
    if (!status) return tl::unexpected(status.error());
    after_commit();
    return out;
  }

  // To be recorded with this call, whatever becomes of it.
  void record(DependentCall dependent) { dependent_calls_.push_back(std::move(dependent)); }
  // Recorded in a transaction of the handler's own, before the answer's: for a call whose fruit (a key on its
  // way to volumed) is used before this call commits.
  virtual Status record_now(catalog::Transaction& transaction, const DependentCall& dependent) = 0;

 protected:
  Call(Installation& parts, policy::Principal who) : installation(parts), principal(std::move(who)) {}
  virtual Status on_commit(catalog::Transaction& transaction, const wire::Value& response) = 0;
  virtual void after_commit() = 0;
  std::vector<DependentCall> dependent_calls_;

 private:
  SharedCallerPolicies policies_;  // loaded when first asked for: one call is decided by one state of them
  bool has_asked_ = false;
};

}  // namespace coffer
