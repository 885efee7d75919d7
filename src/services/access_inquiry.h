// SPDX-License-Identifier: Apache-2.0
// An explanation under way (access_explanation.h): what is asked, with what, and what was heard. For one
// thread.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/access_explanation.h"
#include "services/asked_actions.h"
#include "services/authorisation.h"

namespace coffer::services {

struct Inquiry {
  Installation& installation;
  const AccessCase& access;
  policy::Principal principal;
  SharedCallerPolicies policies;
  policy::Context given;               // what the case says of the request
  const AskedAction* asked = nullptr;  // null: an action that Coffer never asks about
  const AskedKind* kind = nullptr;     // of the resource; null for "*", and where `asked` is
  AccessExplanation told;

  // Keeps the question with its answer.
  Result<AccessDecision> decide(const AccessQuestion& question);
  // The answer alone: where others' policies decide, or one of many questions will be told.
  Result<AccessDecision> decide_untold(const AccessQuestion& question);
  // In which region the call would be made: as far as only the call tells, the installation's first.
  std::string region() const;
  bool is_global() const;  // of a service that has one region
  // "ec2" of kms:ViaService's "ec2.us-west-2.amazonaws.com".
  std::string via_service() const;
};

tl::unexpected<Error> no_such_resource(const std::string& arn);  // NoSuchEntity

// Asks as the service's handlers do, and fills in `told`. NoSuchEntity for a resource that is not there.
Status ask(Inquiry& inquiry);
// The same for what is done with a KMS key. access_inquiry_kms.cc
Status ask_about_key(Inquiry& inquiry, const Arn& arn);

}  // namespace coffer::services
