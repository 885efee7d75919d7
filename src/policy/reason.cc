// SPDX-License-Identifier: Apache-2.0
// A verdict in words: AWS's for refusals (IAM User Guide, "Troubleshoot access denied error messages").
#include <fmt/format.h>

#include "policy/explanation.h"

namespace coffer::policy {
namespace {

struct KindName {
  std::string_view article;  // "with an explicit deny in ..."
  std::string_view name;
};

KindName kind_name(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::kResourceControl:
      return {"a", "resource control policy"};
    case PolicyKind::kServiceControl:
      return {"a", "service control policy"};
    case PolicyKind::kResource:
      return {"a", "resource-based policy"};
    case PolicyKind::kTrust:
      return {"the", "role trust policy"};
    case PolicyKind::kIdentity:
      return {"an", "identity-based policy"};
    case PolicyKind::kBoundary:
      return {"a", "permissions boundary"};
    case PolicyKind::kSession:
      return {"a", "session policy"};
  }
  return {};
}

std::string explain(const Finding& finding) {
  const auto name = name_of(finding.kind);
  if (finding.policy == nullptr) {
    if (finding.outcome == Outcome::kAllowed) return "the account's root user needs no identity-based policy";
    return fmt::format("{}: no statement allows", name);
  }
  const auto& sid = finding.policy->document->statements[finding.statement].sid;
  return fmt::format("{} {}, statement {}{}: {}", name, finding.policy->name, finding.statement + 1,
                     sid.empty() ? std::string() : fmt::format(" (Sid \"{}\")", sid),
                     finding.outcome == Outcome::kAllowed ? "allows" : "denies");
}

}  // namespace

std::string_view name_of(PolicyKind kind) {
  return kind_name(kind).name;
}

std::string reason(const Verdict& verdict, std::string_view action) {
  if (verdict.findings.empty()) return {};
  const auto& decisive = verdict.findings.back();
  const auto [article, name] = kind_name(decisive.kind);
  switch (verdict.outcome) {
    case Outcome::kAllowed:
      if (decisive.policy == nullptr) return "because the account's root user is allowed every action";
      return fmt::format("because {} {} allows the {} action", article, name, action);
    case Outcome::kExplicitDeny:
      return fmt::format("with an explicit deny in {} {}", article, name);
    case Outcome::kImplicitDeny:
      return fmt::format("because no {} allows the {} action", name, action);
  }
  return {};
}

std::vector<std::string> explain(const Verdict& verdict) {
  std::vector<std::string> lines;
  for (const auto& finding : verdict.findings) lines.push_back(explain(finding));
  return lines;
}

}  // namespace coffer::policy
