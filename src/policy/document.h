// SPDX-License-Identifier: Apache-2.0
// A policy document, read once and then only looked at.
// Source: IAM User Guide, "Grammar of the IAM JSON policy language"; AWS KMS Developer Guide, "Creating a key
// policy". Pure functions, thread-safe.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/condition.h"
#include "policy/principal.h"
#include "policy/text.h"

namespace coffer::policy {

enum class DocumentKind {
  kIdentity,  // of users, groups, roles; boundaries, session and service control policies: no Principal
  kResource,  // of a bucket, a file system; resource control policies: Principal and Resource required
  kKey,       // of a KMS key: as kResource, but a statement may lack its Resource, and then has no effect
  kTrust,     // of a role: Principal required, no Resource, no NotPrincipal
};

struct Statement {
  std::string sid;  // empty without one
  Effect effect = Effect::kAllow;
  std::optional<PrincipalElement> principal;
  bool not_action = false;
  std::vector<std::string> actions;  // patterns for matches_ignoring_case
  enum class Resources { kAny, kNone, kListed, kNotListed };
  Resources resource_rule = Resources::kListed;
  std::vector<Text> resources;
  std::vector<Condition> conditions;
};

struct Document {
  DocumentKind kind = DocumentKind::kIdentity;
  bool has_variables = false;  // Version 2012-10-17; without a Version it is 2008-10-17
  std::string id;
  std::vector<Statement> statements;
};

// kInvalidArgument when the text is no policy of that kind. The message is a sentence for the caller: AWS's
// own where it is known, and which statement it is about: "Statement 2 (Sid \"a\"): Policy statement must
// contain actions." Services give it the code of their error (MalformedPolicyDocument).
Result<Document> read_document(std::string_view text, DocumentKind kind);

}  // namespace coffer::policy
