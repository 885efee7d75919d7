// SPDX-License-Identifier: Apache-2.0
#include "services/who_can.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/arn.h"
#include "services/asked_actions.h"
#include "services/iam_names.h"
#include "services/kms/explained_grants.h"
#include "services/kms/explained_use.h"
#include "services/outsiders.h"

namespace coffer::services {
namespace {

constexpr size_t kEntitiesAtOnce = 1000, kMostGrantsTried = 20, kMostNotes = 20;
constexpr std::string_view kAssumeRole = "sts:AssumeRole";

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

class Search {
 public:
  Search(Installation& installation, const AccessCase& access)
      : installation_(installation), access_(access) {}

  Result<WhoCanAnswer> run() {
    COFFER_CHECK(find_key());
    COFFER_TRY(principals, all_principals(installation_));
    for (const std::string& arn : principals) COFFER_CHECK(ask_about(arn));
    if (!somebody_was_told_ && not_found_) return tl::unexpected(*not_found_);
    COFFER_CHECK(ask_about_others(access_.action));
    const auto arn = parse_arn(access_.resource);
    if (access_.action == kAssumeRole && arn && arn->resource.starts_with("role/"))
      for (const char* action : {"sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"})
        COFFER_CHECK(ask_about_others(action));
    return WhoCanAnswer{std::move(found_), std::move(notes_)};
  }

 private:
  // If the resource is one: with whom its grants name.
  Status find_key() {
    const auto arn = parse_arn(access_.resource);
    if (!arn || arn->service != "kms" || !access_.action.starts_with("kms:")) return {};
    COFFER_TRY(key, kms::key_named(installation_, *arn, installation_.clock.now()));
    if (!key) return {};
    COFFER_TRY(grantees, kms::grantees(installation_, *key, access_.action));
    key_ = std::move(key);
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
    somebody_was_told_ = true;
    // Which roles may be assumed by root users no policy decides.
    const bool never = access_.action == kAssumeRole && is_root(arn);
    if (never || note({WhoCan::Kind::kPrincipal, arn, access_.action, false, {}}, *told)) return {};
    return ask_about_grants(arn);
  }

  // As if the encryption context were what a grant wants.
  Status ask_about_grants(const std::string& arn) {
    const auto parsed = parse_arn(arn);
    if (!key_ || !parsed) return {};
    std::vector<std::string> names = {arn};
    if (!is_root(arn)) names.push_back("arn:aws:iam::" + parsed->account + ":root");
    const auto context = kms::encryption_context_in(access_.context);
    COFFER_TRY(unmet, kms::unmet_grants(installation_, *key_, access_.action, context, names));
    for (size_t i = 0; i < std::min(unmet.size(), kMostGrantsTried); ++i) {
      AccessCase access = about(arn);
      for (const auto& [name, value] : unmet[i].constraint_context)
        access.context.emplace_back(std::string(kms::kContextKeyPrefix) + name, value);
      const auto told = explain_access(installation_, access);
      if (!told && told.error().kind == ErrorKind::kNotFound) return {};  // deleted meanwhile
      if (!told) return tl::unexpected(told.error());
      if (!told->allowed) continue;
      found_.push_back({WhoCan::Kind::kPrincipal, arn, access_.action, false, {kms::when_met(unmet[i])}});
      return {};
    }
    if (unmet.size() > kMostGrantsTried)
      notes_.push_back(fmt::format("{} has grants with {} different constraints, of which {} were tried.",
                                   arn, unmet.size(), kMostGrantsTried));
    return {};
  }

  // Whom the resource's policy names is told by asking about anybody.
  Status ask_about_others(const std::string& action) {
    AccessCase access = about("*");
    access.action = action;
    const auto told = explain_outsider(access, {WhoCan::Kind::kEverybody, "*", false});
    if (!told && told.error().kind == ErrorKind::kNotFound) return {};  // an organization's
    if (!told) return tl::unexpected(told.error());
    COFFER_TRY(named, named_besides(installation_, *told, grantees_));
    for (const Named& each : named) {
      access.principal_arn = each.name;
      auto answer = each.here ? explain_access(installation_, access) : explain_outsider(access, each);
      if (!answer && answer.error().kind == ErrorKind::kNotFound) continue;  // the session's role is no more
      if (!answer) return tl::unexpected(answer.error());
      note({each.kind, each.name, action, false, {}}, *answer, !each.here);
    }
    return {};
  }

  Result<AccessExplanation> explain_outsider(const AccessCase& access, const Named& named) {
    Outsider outsider = outsider_of(named);
    return explain_access_of(installation_, access, std::move(outsider.principal),
                             std::move(outsider.policies));
  }

  bool note(WhoCan who, const AccessExplanation& told, bool outsider = false) {
    if (!told.allowed && !lacks_only_conditions(told)) return false;
    for (const std::string& each : told.notes)
      if (notes_.size() < kMostNotes && std::ranges::find(notes_, each) == notes_.end())
        notes_.push_back(each);
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
  std::optional<kms::FoundKey> key_;
  std::vector<std::string> grantees_;
  bool somebody_was_told_ = false;
  std::optional<Error> not_found_;
  std::vector<WhoCan> found_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<WhoCanAnswer> who_can(Installation& installation, const AccessCase& access) {
  AccessCase asked = access;
  if (const AskedAction* known = find_asked_action(access.action)) asked.action = known->action;
  return Search(installation, asked).run();
}

}  // namespace coffer::services
