// SPDX-License-Identifier: Apache-2.0
// One API call on its way through the pipeline: who asks, for what, and how its changes become durable
// together with its audit record and, where it has a client token, with its answer. Handlers get it after
// authentication, validation, the idempotency stage and authorisation. Used by one thread.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "policy/authorise.h"
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

// May the principal do `action` ("kms:Decrypt") on `resource_arn`, as asked by `service`? The error is
// AccessDenied in AWS's words.
Status authorise(const policy::Principal& principal, const std::string& service, const std::string& action,
                 const std::string& resource_arn);

class Call {
 public:
  virtual ~Call() = default;

  Installation& installation;
  policy::Principal principal;
  std::string account;  // the caller's
  std::string region;
  std::string request_id;
  std::string service, operation;
  Timestamp time;
  catalog::Urgency urgency = catalog::Urgency::kOrdinary;

  // May the caller do it? The pipeline has asked for the operation itself; handlers ask for what it depends
  // on.
  Status authorise(const std::string& action, const std::string& resource_arn);

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
};

}  // namespace coffer
