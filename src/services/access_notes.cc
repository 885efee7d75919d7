// SPDX-License-Identifier: Apache-2.0
#include "services/access_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "policy/match.h"

namespace coffer::services {
namespace {

using policy::PrincipalType;

// Of these keys it is known that they are absent: they tell of the principal and of the resource, not of the
// request.
bool is_of_the_request(std::string_view key) {
  constexpr std::array<std::string_view, 9> kKnown = {
      "aws:principal", "aws:resource", "aws:userid", "aws:username",    "ec2:resourcetag/",
      "ec2:volume",    "ec2:snapshot", "ec2:owner",  "iam:resourcetag/"};
  const std::string lower = policy::to_lower(key);
  return std::ranges::none_of(kKnown, [&](std::string_view known) { return lower.starts_with(known); });
}

// What a role's session brings with it, beside what the role has.
bool is_of_the_session(std::string_view key) {
  constexpr std::array<std::string_view, 6> kTheirs = {"aws:multifactorauth", "aws:principaltag/",
                                                       "aws:sourceidentity",  "aws:tokenissuetime",
                                                       "aws:userid",          "sts:"};
  const std::string lower = policy::to_lower(key);
  return std::ranges::any_of(kTheirs, [&](std::string_view their) { return lower.starts_with(their); });
}

bool is_region(std::string_view key) {
  const std::string lower = policy::to_lower(key);
  return lower == "aws:requestedregion" || lower == "ec2:region";
}

// By the statements that would speak but for their conditions.
std::set<std::string> asked_keys(const AccessExplanation& told,
                                 const std::function<bool(const policy::ConditionReport&)>& wanted) {
  std::set<std::string> keys;
  for (const auto& question : told.questions)
    for (const auto& policy : question.policies)
      for (const auto& statement : policy.statements)
        for (const auto& condition : statement.conditions)
          if (statement.fits() && wanted(condition)) keys.insert(condition.key);
  return keys;
}

// The service's own resources that calls of this action are about, as the table writes them.
std::vector<std::string> resources_of(const AskedAction& action) {
  std::vector<std::string> names;
  for (const AskedKind& kind : action.kinds)
    if (action.action.starts_with(kind.service + ":") || action.action.starts_with("ebs:"))
      names.push_back(kind.naming == ResourceNaming::kWildcard ? "new " + kind.type : kind.type);
  if (action.action == "ebs:ListChangedBlocks") names.emplace_back("second snapshot");
  return names;
}

// What the same call is asked for besides, on other resources or because of what it brings.
struct Companion {
  std::string_view action, text;
};

constexpr std::array kCompanions = {
    Companion{"ebs:GetSnapshotBlock", "kms:Decrypt on the key of an encrypted snapshot"},
    Companion{"ebs:PutSnapshotBlock", "kms:Decrypt on the key of an encrypted snapshot"},
    Companion{"ebs:StartSnapshot",
              "kms:GenerateDataKeyWithoutPlaintext on the key, and with tags ec2:CreateTags"},
    Companion{"ec2:AttachVolume", "kms:Decrypt and kms:CreateGrant on the key of an encrypted volume"},
    Companion{"ec2:CopySnapshot", "the keys of both snapshots, and with tags ec2:CreateTags"},
    Companion{"ec2:CreateSnapshot", "with tags ec2:CreateTags"},
    Companion{"ec2:CreateSnapshots", "with tags ec2:CreateTags"},
    Companion{
        "ec2:CreateVolume",
        "kms:GenerateDataKeyWithoutPlaintext on the key of an encrypted volume, or what its snapshot's key "
        "takes, and with tags ec2:CreateTags"},
    Companion{"iam:AddRoleToInstanceProfile", "iam:PassRole on the role"},
    Companion{"kms:CreateKey", "with tags kms:TagResource"},
    Companion{"kms:ReplicateKey", "kms:CreateKey in the other region, and with tags kms:TagResource"},
    Companion{"sts:AssumeRole", "with tags sts:TagSession, with a source identity sts:SetSourceIdentity"},
    Companion{"sts:AssumeRoleWithWebIdentity",
              "with tags sts:TagSession, with a source identity sts:SetSourceIdentity"},
    Companion{"sts:GetFederationToken", "with tags sts:TagSession"},
};

void note_companions(const std::string& action, std::vector<std::string>& notes) {
  const auto* found = std::ranges::find(kCompanions, action, &Companion::action);
  if (found != kCompanions.end())
    notes.push_back(fmt::format("The same call is asked for more: {}.", found->text));
}

// Regions that only the call tells, in an installation of several.
void note_region(const Inquiry& inquiry, std::vector<std::string>& notes) {
  const auto arn = parse_arn(inquiry.access.resource);
  const bool known = (arn && !arn->region.empty() && inquiry.access.action != "ec2:CopySnapshot") ||
                     inquiry.is_global() || inquiry.given.find("aws:requestedregion") ||
                     inquiry.installation.regions.size() < 2;
  if (known || asked_keys(inquiry.told, [](const auto& each) { return is_region(each.key); }).empty()) return;
  notes.push_back(fmt::format(
      "The call is taken to be made in {}: --context aws:RequestedRegion=REGION asks for another.",
      inquiry.region()));
}

// A role is asked about as a session that brings nothing of its own.
void note_session(const Inquiry& inquiry, std::vector<std::string>& notes) {
  if (inquiry.access.caller != nullptr || inquiry.principal.type != PrincipalType::kRoleSession) return;
  if (inquiry.access.principal_arn.find(":assumed-role/") != std::string::npos)
    notes.emplace_back("The session's own policies and tags are not known here, and may allow less or more.");
  const auto keys = asked_keys(inquiry.told, [&](const auto& each) {
    return is_of_the_session(each.key) && !inquiry.given.find(policy::to_lower(each.key));
  });
  if (!keys.empty())
    notes.push_back(fmt::format("It depends on the session: only one, or --context KEY=VALUE, tells {}.",
                                fmt::join(keys, ", ")));
}

bool is_without_organization(const Inquiry& inquiry) {
  const std::string& action = inquiry.access.action;
  return action.starts_with("organizations:") && inquiry.policies->organization == nullptr &&
         action != "organizations:CreateOrganization" && action.find("Handshake") == std::string::npos;
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
  note_session(inquiry, notes);
  if (inquiry.kind != nullptr && !action.starts_with("iam:") && !action.starts_with("sts:"))
    if (const auto names = resources_of(*inquiry.asked); names.size() > 1)
      notes.push_back(fmt::format(
          "Calls of {} are asked on each resource that they name ({}): this is about one of them alone.",
          action, fmt::join(names, ", ")));
  note_companions(action, notes);
  note_region(inquiry, notes);
  const auto absent = [](const auto& each) { return !each.actual && is_of_the_request(each.key); };
  if (const auto keys = asked_keys(inquiry.told, absent); !keys.empty())
    notes.push_back(fmt::format("Only a call, or --context KEY=VALUE, tells {}: here it counts as absent.",
                                fmt::join(keys, ", ")));
}

}  // namespace coffer::services
