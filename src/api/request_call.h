// SPDX-License-Identifier: Apache-2.0
// The Call of a request that came over HTTP: its record, and its client token's answer, go into the
// transaction of its change; what changes nothing is recorded by record_outcome before the answer leaves.
#pragma once
#include <optional>
#include <string>

#include "api/failpoint.h"
#include "api/idempotency.h"
#include "api/service_registry.h"
#include "services/call.h"

namespace coffer::api {

struct CallOrigin {
  std::string source_ip_address, user_agent;
  bool secure_transport = true;
  std::string vpc_endpoint = {}, vpc = {};
};

class RequestCall final : public Call {
 public:
  RequestCall(Installation& installation, policy::Principal principal, const Service& service,
              const wire::Operation& operation, CallOrigin origin, const Failpoint& failpoint);

  // Before the handler runs.
  void set_request(wire::Value request) { request_ = std::move(request); }
  // The caller's access key, or role, is to be shown as used by this call.
  void note_use() { notes_use_ = true; }
  void keep_answer(IdempotentRequest request) { idempotent_ = std::move(request); }

  // Durably records the call unless its own transaction has, with the dependent calls that are not recorded
  // yet.
  Status record_success(const wire::Value& response);
  Status record_failure(const Error& public_error);

  Status record_now(catalog::Transaction& transaction, const DependentCall& dependent) override;

 protected:
  Status on_commit(catalog::Transaction& transaction, const wire::Value& response) override;
  void after_commit() override;

 private:
  catalog::TrailEvent event(const wire::Value& response, const Error* public_error) const;
  Status store_use(catalog::Transaction& transaction);
  Status append_own(catalog::Transaction& transaction, const catalog::TrailEvent& own);
  Status append(catalog::Transaction& transaction, const catalog::TrailEvent& own);

  const Service& api_service_;
  const wire::Operation& api_operation_;
  const Failpoint& failpoint_;
  wire::Value request_;
  std::optional<IdempotentRequest> idempotent_;
  bool recorded_ = false;
  bool notes_use_ = false;
};

// The access key's id, or the role's of a role's session; empty where nobody asks when it was last used.
std::string used_credential(const policy::Principal& principal);

// kInternal when nobody has asked whether the caller may do it: a bug, found before anything is changed or
// given away.
Status check_asked(const Call& call);

// kInternal when `response` lacks what the model says is always there.
Status check_complete(const wire::Operation& operation, const wire::Value& response);

}  // namespace coffer::api
