// SPDX-License-Identifier: Apache-2.0
// Covers policy documents: JSON, elements, conditions, variables, wildcards, and their evaluation. The input
// is a document. Claims: what is refused has a cause; what is accepted decides in the end, the same each
// time, never allows against a Deny that applies, and allows only by an Allow that applies.

// Links: coffer_policy
#include "policy/document.h"
#include "policy/evaluate.h"
#include "policy/json.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coffer;
using policy::AttachedPolicy;
using policy::Caller;
using policy::CallerType;
using policy::DocumentKind;

constexpr const char* kAccount = "111122223333";
constexpr const char* kKey = "arn:aws:kms:us-east-1:111122223333:key/1234abcd";

policy::Context full_context() {
  policy::Context context;
  context.set("aws:username", "alice");
  context.set("aws:PrincipalTag/team", "*");
  context.set("aws:TagKeys", policy::Context::Values{"a", "b", ""});
  context.set("aws:CurrentTime", "2020-01-01T00:00:01Z");
  context.set("aws:SourceIp", "203.0.113.5");
  context.set("aws:SourceArn", kKey);
  context.set("aws:SecureTransport", "true");
  context.set("s3:max-keys", "10");
  context.set("kms:ViaService", "ec2.us-east-1.amazonaws.com");
  return context;
}

Caller caller_of(CallerType type) {
  Caller caller;
  caller.identity.type = type;
  caller.identity.account = kAccount;
  caller.identity.arn = "arn:aws:iam::111122223333:user/alice";
  caller.identity.source_arn = "arn:aws:iam::111122223333:role/app";
  caller.identity.id = "AIDACKCEVSQ6C2EXAMPLE";
  caller.identity.name = "ec2.amazonaws.com";
  return caller;
}

policy::Verdict decide(const policy::AccessRequest& request) {
  policy::Verdict verdict = policy::evaluate(request);
#ifdef COFFER_PLANTED_BUG
  // A Deny of all actions but some is overlooked.
  for (const auto& attached : request.caller.identity_policies)
    for (const auto& statement : attached.document->statements)
      if (statement.not_action && verdict.outcome == policy::Outcome::kExplicitDeny)
        verdict.outcome = verdict.findings.back().outcome = policy::Outcome::kAllowed;
#endif
  return verdict;
}

bool one_applies(const policy::Document& document, policy::Effect effect,
                 const policy::AccessRequest& request) {
  for (const auto& statement : document.statements)
    if (statement.effect == effect && policy::applies(statement, request)) return true;
  return false;
}

void check_verdict(const policy::AccessRequest& request) {
  const auto verdict = decide(request);
  FUZZ_CHECK(!verdict.findings.empty() && verdict.outcome == verdict.findings.back().outcome);
  FUZZ_CHECK(!policy::reason(verdict, request.action).empty());
  FUZZ_CHECK(policy::explain(verdict).size() == verdict.findings.size());
  FUZZ_CHECK(decide(request).outcome == verdict.outcome);
}

void evaluate_identity_policy(const policy::Document& document, const policy::Context& context,
                              std::string_view resource) {
  Caller caller = caller_of(CallerType::kUser);
  caller.identity_policies.push_back({"fuzzed", &document});
  const policy::AccessRequest request{caller, "kms:Decrypt", resource, kAccount, context};
  check_verdict(request);
  const bool allowed = decide(request).allowed();
  FUZZ_CHECK(allowed == (one_applies(document, policy::Effect::kAllow, request) &&
                         !one_applies(document, policy::Effect::kDeny, request)));
}

void evaluate_resource_policy(const policy::Document& document, const policy::Context& context,
                              policy::ResourcePolicyRule rule) {
  const AttachedPolicy attached{"fuzzed", &document};
  for (const auto type : {CallerType::kRoot, CallerType::kUser, CallerType::kRoleSession,
                          CallerType::kService, CallerType::kIdentityProvider, CallerType::kAnonymous}) {
    const Caller caller = caller_of(type);
    const policy::AccessRequest request{caller, "kms:Decrypt", kKey, kAccount, context, &attached, rule};
    check_verdict(request);
    // None has a policy of its own, so whoever is allowed is so by the document alone.
    if (rule != policy::ResourcePolicyRule::kMayAllow && decide(request).allowed())
      FUZZ_CHECK(one_applies(document, policy::Effect::kAllow, request));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const policy::Context full = full_context();
  static const policy::Context empty;
  if (!policy::read_json(text)) {  // which is most of what is tried, so that one kind has to do
    FUZZ_CHECK(!policy::read_document(text, DocumentKind::kIdentity));
    return 0;
  }
  for (const auto kind :
       {DocumentKind::kIdentity, DocumentKind::kResource, DocumentKind::kKey, DocumentKind::kTrust}) {
    const auto document = policy::read_document(text, kind);
    if (!document) {
      FUZZ_CHECK(document.error().kind == ErrorKind::kInvalidArgument && !document.error().message.empty());
      continue;
    }
    FUZZ_CHECK(!document->statements.empty());
    for (const auto* context : {&full, &empty}) {
      if (kind == DocumentKind::kIdentity) {
        evaluate_identity_policy(*document, *context, kKey);
        evaluate_identity_policy(*document, *context, "*");
      } else {
        evaluate_resource_policy(*document, *context,
                                 kind == DocumentKind::kResource ? policy::ResourcePolicyRule::kMayAllow
                                 : kind == DocumentKind::kKey
                                     ? policy::ResourcePolicyRule::kMustAllow
                                     : policy::ResourcePolicyRule::kMustAllowAsTrust);
      }
    }
  }
  return 0;
}
