// SPDX-License-Identifier: Apache-2.0
#include "services/kms/grant_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/arn.h"

namespace coffer::services::kms {
namespace {

using Constraint = catalog::Grant::Constraint;

constexpr std::string_view kPrefix = "kms:";
constexpr size_t kAccountDigits = 12;

constexpr std::array<std::string_view, 6> kWithContext = {"Encrypt",
                                                          "Decrypt",
                                                          "GenerateDataKey",
                                                          "GenerateDataKeyWithoutPlaintext",
                                                          "GenerateDataKeyPair",
                                                          "GenerateDataKeyPairWithoutPlaintext"};

bool takes_context(std::string_view operation) {
  return std::ranges::find(kWithContext, operation) != kWithContext.end() || operation == "ReEncryptFrom" ||
         operation == "ReEncryptTo";
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_pair(const EncryptionContextPairs& context, const std::string& name, const std::string& value) {
  return std::ranges::any_of(context, [&](const auto& pair) {
    return equal_ignoring_case(pair.first, name) && pair.second == value;
  });
}

bool includes(const EncryptionContextPairs& whole, const EncryptionContextPairs& part) {
  return std::ranges::all_of(part,
                             [&](const auto& pair) { return has_pair(whole, pair.first, pair.second); });
}

bool same(const EncryptionContextPairs& a, const EncryptionContextPairs& b) {
  return a.size() == b.size() && includes(a, b) && includes(b, a);
}

// Whatever context `made` lets through, `permission` lets through too.
bool as_strict(const catalog::Grant& made, const catalog::Grant& permission) {
  switch (permission.constraint) {
    case Constraint::kNone:
      return true;
    case Constraint::kContextEquals:
      return made.constraint == Constraint::kContextEquals &&
             same(made.constraint_context, permission.constraint_context);
    case Constraint::kContextSubset:
      return made.constraint != Constraint::kNone &&
             includes(made.constraint_context, permission.constraint_context);
  }
  return false;
}

bool is_account(std::string_view text) {
  return text.size() == kAccountDigits && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_service(std::string_view text) {
  return text.ends_with(".amazonaws.com") && text.find(':') == std::string_view::npos;
}

}  // namespace

std::string_view operation_of(std::string_view action) {
  return action.starts_with(kPrefix) ? action.substr(kPrefix.size()) : std::string_view();
}

bool permits(const catalog::Grant& grant, std::string_view operation, const EncryptionContextPairs& context) {
  if (std::ranges::find(grant.operations, operation) == grant.operations.end()) return false;
  if (!takes_context(operation) || grant.constraint == Constraint::kNone) return true;
  if (grant.constraint == Constraint::kContextEquals) return same(context, grant.constraint_context);
  return includes(context, grant.constraint_context);
}

std::vector<std::string> grantable_operations(const catalog::Key& key) {
  std::vector<std::string> operations = {"CreateGrant", "DescribeKey", "RetireGrant"};
  const auto add = [&](std::initializer_list<const char*> more) {
    operations.insert(operations.end(), more.begin(), more.end());
  };
  const bool symmetric = key.spec == "SYMMETRIC_DEFAULT";
  if (key.usage == "ENCRYPT_DECRYPT") add({"Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo"});
  if (symmetric)
    add({"GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
         "GenerateDataKeyWithoutPlaintext"});
  if (key.usage == "SIGN_VERIFY") add({"Sign", "Verify"});
  if (key.usage == "GENERATE_VERIFY_MAC") add({"GenerateMac", "VerifyMac"});
  if (key.usage == "KEY_AGREEMENT") add({"DeriveSharedSecret"});
  if (!symmetric && key.usage != "GENERATE_VERIFY_MAC") add({"GetPublicKey"});
  return operations;
}

Status check_within(const catalog::Grant& made, const catalog::Grant& permission) {
  const bool within = std::ranges::all_of(made.operations, [&](const std::string& operation) {
    return std::ranges::find(permission.operations, operation) != permission.operations.end();
  });
  if (within && as_strict(made, permission)) return {};
  return fail(ErrorKind::kPermissionDenied,
              fmt::format("The grant {} permits no grant of other operations or with weaker constraints than "
                          "its own",
                          permission.id),
              "AccessDeniedException");
}

std::vector<std::string> names_of(const policy::CallerIdentity& caller) {
  std::vector<std::string> names;
  if (!caller.arn.empty()) names.push_back(caller.arn);
  if (!caller.source_arn.empty()) names.push_back(caller.source_arn);
  if (caller.account.empty()) return names;
  const std::string root = make_arn("iam", "", caller.account, "root");
  if (root != caller.arn) names.push_back(root);
  return names;
}

bool is_principal(std::string_view text) {
  if (is_service(text)) return true;
  const auto arn = parse_arn(text);
  if (!arn || !arn->region.empty() || !is_account(arn->account)) return false;
  const std::string_view name = arn->resource;
  const auto named = [&](std::string_view kind) {
    return name.starts_with(kind) && name.size() > kind.size();
  };
  if (arn->service == "iam") return name == "root" || named("user/") || named("role/");
  return arn->service == "sts" && (named("assumed-role/") || named("federated-user/"));
}

policy::Document as_policy(const std::string& action, const std::vector<std::string>& principals) {
  policy::PrincipalElement element;
  for (const std::string& principal : principals) {
    const auto arn = parse_arn(principal);
    if (arn && arn->service == "iam" && arn->resource == "root")
      element.accounts.push_back(arn->account);
    else if (is_service(principal))
      element.services.push_back(principal);
    else
      element.aws.push_back(principal);
  }
  policy::Statement statement;
  statement.effect = policy::Effect::kAllow;
  statement.principal = std::move(element);
  statement.actions = {action};
  statement.resource_rule = policy::Statement::Resources::kAny;
  policy::Document document;
  document.kind = policy::DocumentKind::kKey;
  document.statements.push_back(std::move(statement));
  return document;
}

}  // namespace coffer::services::kms
