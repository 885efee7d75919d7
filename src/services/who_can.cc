// SPDX-License-Identifier: Apache-2.0
#include "services/who_can.h"

#include <algorithm>

#include "services/arn.h"
#include "services/iam_names.h"
#include "services/kms/explained_grants.h"
#include "services/outsiders.h"

namespace coffer::services {
namespace {

using catalog::Grant;

constexpr size_t kEntitiesAtOnce = 1000;
constexpr std::string_view kAssumeRole = "sts:AssumeRole";
constexpr std::string_view kContextPrefix = "kms:EncryptionContext:";

Status add_entities(catalog::Transaction& transaction, const std::string& account, const char* kind,
                    std::vector<std::string>& arns) {
  std::string after;
  while (true) {
    COFFER_TRY(entities, transaction.iam_entities(account, kind, "/", after, kEntitiesAtOnce));
    for (const auto& entity : entities) arns.push_back(entity_arn(entity));
    if (entities.size() < kEntitiesAtOnce) return {};
    after = entities.back().name;
  }
}

Result<std::vector<std::string>> all_principals(Installation& installation) {
  std::vector<std::string> arns;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(accounts, transaction.accounts());
    for (const auto& account : accounts) {
      arns.push_back("arn:aws:iam::" + account.id + ":root");
      for (const char* kind : {"user", "role"})
        COFFER_CHECK(add_entities(transaction, account.id, kind, arns));
    }
    return {};
  }));
  std::ranges::sort(arns);
  return arns;
}

// What allows it; or what would, if its conditions were met.
std::vector<std::string> path_of(const AccessExplanation& told) {
  for (const auto& question : told.questions) {
    if (told.allowed && question.allowed()) return question.because;
    if (told.allowed || !question.lacks_only_conditions) continue;
    std::vector<std::string> lines;
    for (const policy::Need& need : question.needed)
      lines.insert(lines.end(), need.any_of.begin(), need.any_of.end());
    return lines;
  }
  return {};
}

bool lacks_only_conditions(const AccessExplanation& told) {
  return std::ranges::any_of(told.questions, &policy::Explanation::lacks_only_conditions);
}

bool is_root(std::string_view arn) {
  return arn.ends_with(":root");
}

// Does the grant mean whoever has this ARN, by his own name or his account's?
bool is_grantee(const Grant& grant, const std::string& arn) {
  if (grant.grantee_principal == arn) return true;
  const auto of_grant = parse_arn(grant.grantee_principal), of_arn = parse_arn(arn);
  return of_grant && of_arn && of_grant->resource == "root" && of_grant->account == of_arn->account;
}

class Search {
 public:
  Search(Installation& installation, const AccessCase& access)
      : installation_(installation), access_(access) {}

  Result<std::vector<WhoCan>> run() {
    COFFER_CHECK(read_grants());
    COFFER_TRY(principals, all_principals(installation_));
    for (const std::string& arn : principals) COFFER_CHECK(ask_about(arn));
    if (!any_told_ && not_found_) return tl::unexpected(*not_found_);
    COFFER_CHECK(ask_about_others(access_.action));
    const auto arn = parse_arn(access_.resource);
    if (access_.action == kAssumeRole && arn && arn->resource.starts_with("role/"))
      for (const char* action : {"sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"})
        COFFER_CHECK(ask_about_others(action));
    return std::move(found_);
  }

 private:
  // Of the key, if it is one: those of its grants that name the operation and want another context.
  Status read_grants() {
    const auto arn = parse_arn(access_.resource);
    if (!arn || arn->service != "kms" || !access_.action.starts_with("kms:")) return {};
    COFFER_TRY(key, kms::key_named(installation_, *arn, installation_.clock.now()));
    if (!key) return {};
    kms::EncryptionContextPairs context;
    for (const auto& [name, value] : access_.context)
      if (name.starts_with(kContextPrefix)) context[name.substr(kContextPrefix.size())] = value;
    COFFER_TRY(unmet, kms::unmet_grants(installation_, *key, access_.action, context));
    unmet_ = std::move(unmet);
    COFFER_TRY(grantees, kms::grantees(installation_, *key, access_.action));
    grantees_ = std::move(grantees);
    return {};
  }

  AccessCase about(std::string principal) const {
    AccessCase access = access_;
    access.principal_arn = std::move(principal);
    return access;
  }

  Status ask_about(const std::string& arn) {
    const auto told = explain_access(installation_, about(arn));
    if (!told && told.error().kind == ErrorKind::kNotFound) {
      // He was deleted meanwhile, or there is no such resource: for him (organizations have their own), or
      // for anybody.
      not_found_ = told.error();
      return {};
    }
    if (!told) return tl::unexpected(told.error());
    remember_policies(*told);
    // Which roles may be assumed by root users no policy decides.
    const bool never = access_.action == kAssumeRole && is_root(arn);
    if (never || note({WhoCan::Kind::kPrincipal, arn, access_.action, false, {}}, *told)) return {};
    return ask_about_grants(arn);
  }

  Status ask_about_grants(const std::string& arn) {
    for (const Grant& grant : unmet_) {
      if (!is_grantee(grant, arn)) continue;
      AccessCase access = about(arn);
      for (const auto& [name, value] : grant.constraint_context)
        access.context.emplace_back(std::string(kContextPrefix) + name, value);
      COFFER_TRY(told, explain_access(installation_, access));
      if (!told.allowed) continue;
      found_.push_back({WhoCan::Kind::kPrincipal, arn, access_.action, false, {kms::when_met(grant)}});
      return {};
    }
    return {};
  }

  // The resource's policy is the same whoever asks.
  void remember_policies(const AccessExplanation& told) {
    if (!any_told_) any_told_ = told;
  }

  Status ask_about_others(const std::string& action) {
    if (!any_told_) return {};
    AccessExplanation told = *any_told_;
    if (action != access_.action) COFFER_CHECK(tell_again(action, told));
    COFFER_TRY(named, named_besides(installation_, told, grantees_));
    for (const Named& each : named) {
      AccessCase access = about(each.name);
      access.action = action;
      auto answer = each.here ? explain_access(installation_, access) : explain_outsider(access, each);
      if (!answer && answer.error().kind == ErrorKind::kNotFound) continue;  // the session's role is no more
      if (!answer) return tl::unexpected(answer.error());
      note({each.kind, each.name, action, false, {}}, *answer, !each.here);
    }
    return {};
  }

  // The statements as they match another action.
  Status tell_again(const std::string& action, AccessExplanation& told) {
    AccessCase access = about(any_told_->principal_arn);
    access.action = action;
    COFFER_TRY(again, explain_outsider(access, {WhoCan::Kind::kEverybody, "*", false}));
    told = std::move(again);
    return {};
  }

  Result<AccessExplanation> explain_outsider(const AccessCase& access, const Named& named) {
    Outsider outsider = outsider_of(named);
    return explain_access_of(installation_, access, std::move(outsider.principal),
                             std::move(outsider.policies));
  }

  bool note(WhoCan who, const AccessExplanation& told, bool outsider = false) {
    if (!told.allowed && !lacks_only_conditions(told)) return false;
    who.allowed = told.allowed;
    who.because = path_of(told);
    // What his own account says is not known here, and was taken to be everything.
    if (outsider)
      std::erase_if(who.because, [](const auto& line) { return line.starts_with("identity-based policy"); });
    found_.push_back(std::move(who));
    return true;
  }

  Installation& installation_;
  const AccessCase& access_;
  std::vector<Grant> unmet_;
  std::vector<std::string> grantees_;
  std::optional<AccessExplanation> any_told_;
  std::optional<Error> not_found_;
  std::vector<WhoCan> found_;
};

}  // namespace

Result<std::vector<WhoCan>> who_can(Installation& installation, const AccessCase& access) {
  return Search(installation, access).run();
}

}  // namespace coffer::services
