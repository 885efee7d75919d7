// SPDX-License-Identifier: Apache-2.0
#include "services/outsiders.h"

#include <algorithm>

#include "base/ids.h"
#include "policy/document.h"
#include "services/arn.h"

namespace coffer::services {
namespace {

using policy::CallerType;
using policy::PolicyKind;
using Kind = WhoCan::Kind;

constexpr const char* kSomeAccount = "000000000000";  // which no account has
constexpr const char* kEverything =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";

class Collection {
 public:
  explicit Collection(Installation& installation) : installation_(installation) {}

  Status add_all(const policy::PrincipalElement& element) {
    if (element.everyone || element.negated) add({Kind::kEverybody, "*", false});
    for (const std::string& account : element.accounts) COFFER_CHECK(add_account(account));
    for (const std::string& arn : element.aws) COFFER_CHECK(add_arn(arn));
    for (const std::string& service : element.services) add({Kind::kService, service, false});
    for (const std::string& provider : element.federated) add({Kind::kProvider, provider, false});
    return {};
  }

  // A grant's: an ARN or a service.
  Status add_grantee(const std::string& name) {
    const auto arn = parse_arn(name);
    if (!arn) {
      add({Kind::kService, name, false});
      return {};
    }
    return arn->resource == "root" ? add_account(arn->account) : add_arn(name);
  }

  std::vector<Named> named;

 private:
  void add(Named each) {
    if (std::ranges::find(named, each) == named.end()) named.push_back(std::move(each));
  }

  Result<bool> is_here(const std::string& account) {
    bool here = false;
    COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(found, transaction.account(account));
      here = found.has_value();
      return {};
    }));
    return here;
  }

  Status add_account(const std::string& account) {
    COFFER_TRY(here, is_here(account));
    if (!here) add({Kind::kAccount, account, false});
    return {};
  }

  // Users and roles that are here are asked about anyway.
  Status add_arn(const std::string& text) {
    const auto arn = parse_arn(text);
    if (!arn || !is_account_id(arn->account)) return {};
    COFFER_TRY(here, is_here(arn->account));
    if (!here || arn->resource.starts_with("assumed-role/")) add({Kind::kPrincipal, text, here});
    return {};
  }

  Installation& installation_;
};

policy::CallerIdentity identity_of(const Named& named) {
  policy::CallerIdentity identity;
  switch (named.kind) {
    case Kind::kService:
      identity.type = CallerType::kService;
      identity.name = named.name;
      return identity;
    case Kind::kProvider:
      identity.type = CallerType::kIdentityProvider;
      identity.name = named.name;
      return identity;
    case Kind::kPrincipal: {
      identity = policy::caller_identity(policy::principal_of(parse_arn(named.name)->account, named.name));
      if (identity.type == CallerType::kRoot) identity.type = CallerType::kUser;  // or a role: as it is named
      return identity;
    }
    case Kind::kEverybody:
    case Kind::kAccount:
      identity.type = CallerType::kUser;
      identity.account = named.kind == Kind::kAccount ? named.name : kSomeAccount;
      identity.arn = make_arn("iam", "", identity.account, "user/any");
      return identity;
  }
  return identity;
}

}  // namespace

Result<std::vector<Named>> named_besides(Installation& installation, const AccessExplanation& told,
                                         const std::vector<std::string>& grantees) {
  Collection collection(installation);
  for (const auto& question : told.questions)
    for (const auto& policy : question.policies) {
      if (policy.kind != PolicyKind::kResource && policy.kind != PolicyKind::kTrust) continue;
      for (const auto& statement : policy.statements)
        if (statement.effect == policy::Effect::kAllow && statement.action && statement.resource &&
            statement.named)
          COFFER_CHECK(collection.add_all(*statement.named));
    }
  for (const std::string& grantee : grantees) COFFER_CHECK(collection.add_grantee(grantee));
  return std::move(collection.named);
}

Outsider outsider_of(const Named& named) {
  auto policies = std::make_shared<CallerPolicies>();
  policies->caller.identity = identity_of(named);
  auto everything = policy::read_document(kEverything, policy::DocumentKind::kIdentity);
  if (everything) {
    policies->documents.push_back(std::make_shared<const policy::Document>(std::move(*everything)));
    policies->caller.identity_policies.push_back(
        {"what his own account allows", policies->documents.back().get()});
  }
  policy::Principal principal;
  principal.type = policy::PrincipalType::kUser;
  principal.account = policies->caller.identity.account;
  principal.arn = named.name;
  return {std::move(principal), std::move(policies)};
}

}  // namespace coffer::services
