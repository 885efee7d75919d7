// SPDX-License-Identifier: Apache-2.0
// who_can of access_explanation.h: everybody is asked about.
#include <algorithm>

#include "services/access_explanation.h"
#include "services/arn.h"
#include "services/iam_names.h"

namespace coffer::services {
namespace {

constexpr size_t kEntitiesAtOnce = 1000;

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

bool lacks_only_conditions(const AccessExplanation& told) {
  return std::ranges::any_of(told.questions,
                             [](const auto& question) { return question.lacks_only_conditions; });
}

std::vector<std::string> path_of(const AccessExplanation& told) {
  for (const auto& question : told.questions) {
    if (told.allowed && question.allowed()) return question.because;
    if (!told.allowed && question.lacks_only_conditions) return question.needed;
  }
  return {};
}

}  // namespace

Result<std::vector<WhoCan>> who_can(Installation& installation, const std::string& action,
                                    const std::string& resource,
                                    const std::vector<std::pair<std::string, std::string>>& context) {
  if (!parse_arn(resource))
    return fail(ErrorKind::kInvalidArgument, "'" + resource + "' is no ARN.", "ValidationError");
  COFFER_TRY(principals, all_principals(installation));
  std::vector<WhoCan> found;
  for (const std::string& arn : principals) {
    const auto told = explain_access(installation, {arn, action, resource, context});
    if (!told && told.error().kind == ErrorKind::kNotFound && told.error().message.ends_with(arn + "."))
      continue;  // deleted meanwhile
    if (!told) return tl::unexpected(told.error());
    if (told->allowed || lacks_only_conditions(*told)) found.push_back({arn, told->allowed, path_of(*told)});
  }
  return found;
}

}  // namespace coffer::services
