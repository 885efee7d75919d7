// SPDX-License-Identifier: Apache-2.0
#include "services/access_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "policy/match.h"

namespace coffer::services {
namespace {

// Of these keys it is known that they are absent: they tell of the principal and of the resource, not of the
// request.
bool is_of_the_request(std::string_view key) {
  constexpr std::array<std::string_view, 9> kKnown = {
      "aws:principal", "aws:resource", "aws:userid", "aws:username",    "ec2:resourcetag/",
      "ec2:volume",    "ec2:snapshot", "ec2:owner",  "iam:resourcetag/"};
  const std::string lower = policy::to_lower(key);
  return std::ranges::none_of(kKnown, [&](std::string_view known) { return lower.starts_with(known); });
}

// By the statements that would speak but for their conditions.
std::set<std::string> absent_keys(const AccessExplanation& told) {
  std::set<std::string> keys;
  for (const auto& question : told.questions)
    for (const auto& policy : question.policies)
      for (const auto& statement : policy.statements)
        for (const auto& condition : statement.conditions)
          if (statement.fits() && !condition.actual && is_of_the_request(condition.key))
            keys.insert(condition.key);
  return keys;
}

// The types of the service's own resources that calls of this action are about.
std::vector<std::string> types_of(const AskedAction& action) {
  std::vector<std::string> types;
  for (const AskedKind& kind : action.kinds)
    if (action.action.starts_with(kind.service + ":") && std::ranges::find(types, kind.type) == types.end())
      types.push_back(kind.type);
  return types;
}

bool is_without_organization(const Inquiry& inquiry) {
  const std::string& action = inquiry.access.action;
  return action.starts_with("organizations:") && inquiry.policies->organization == nullptr &&
         action != "organizations:CreateOrganization" && action.find("Handshake") == std::string::npos;
}

bool is_session(const Inquiry& inquiry) {
  return inquiry.access.caller == nullptr &&
         inquiry.access.principal_arn.find(":assumed-role/") != std::string::npos;
}

}  // namespace

void add_notes(Inquiry& inquiry) {
  std::vector<std::string>& notes = inquiry.told.notes;
  const std::string& action = inquiry.access.action;
  if (inquiry.asked == nullptr)
    notes.push_back(
        fmt::format("Coffer does not serve {}: this is what policies say.{}", action,
                    inquiry.access.resource == "*" ? " AWS may ask it on a resource: name that." : ""));
  if (action == "sts:AssumeRoleWithWebIdentity" || action == "sts:AssumeRoleWithSAML")
    notes.emplace_back("The token that comes with a call decides, not the one who sends it.");
  if (is_without_organization(inquiry))
    notes.push_back(
        fmt::format("The account {} is in no organization: such calls end with "
                    "AWSOrganizationsNotInUseException.",
                    inquiry.principal.account));
  if (is_session(inquiry))
    notes.push_back(
        "The session's own policies and tags are not known here: the policies may restrict it further.");
  if (inquiry.kind != nullptr && !action.starts_with("iam:") && !action.starts_with("sts:"))
    if (const auto types = types_of(*inquiry.asked); types.size() > 1)
      notes.push_back(fmt::format(
          "Calls of {} are asked on each resource that they name ({}): this is about the {} alone.", action,
          fmt::join(types, ", "), inquiry.kind->type));
  if (const auto keys = absent_keys(inquiry.told); !keys.empty())
    notes.push_back(fmt::format("Only a call, or --context KEY=VALUE, tells {}: here it counts as absent.",
                                fmt::join(keys, ", ")));
}

}  // namespace coffer::services
