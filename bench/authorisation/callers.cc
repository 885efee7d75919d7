// SPDX-License-Identifier: Apache-2.0
#include "bench/authorisation/callers.h"

#include <fmt/format.h>

namespace coffer::bench {
namespace {

using nlohmann::json;

constexpr const char* kAccountRoot = "arn:aws:iam::111122223333:root";

std::string document(const std::vector<json>& statements) {
  return json{{"Version", "2012-10-17"}, {"Statement", statements}}.dump();
}
json allow(const json& actions, const json& resources) {
  return {{"Effect", "Allow"}, {"Action", actions}, {"Resource", resources}};
}
json with(json statement, const std::string& member, const json& value) {
  statement[member] = value;
  return statement;
}

// What users that have nothing to do with keys are usually given.
std::vector<std::string> usual_policies() {
  return {
      document({allow({"ec2:Describe*", "ec2:CreateTags", "ec2:CreateVolume"}, "*"),
                allow({"ec2:AttachVolume", "ec2:DetachVolume"}, "arn:aws:ec2:*:*:volume/*")}),
      document({allow({"s3:GetObject", "s3:ListBucket"}, "arn:aws:s3:::backups/${aws:username}/*")}),
      document({allow({"iam:GetUser", "iam:ListAccessKeys"}, "arn:aws:iam::*:user/${aws:username}")}),
      document({with(with(allow("*", "*"), "Effect", "Deny"), "Condition",
                     {{"Bool", {{"aws:SecureTransport", "false"}}},
                      {"NotIpAddress", {{"aws:SourceIp", {"127.0.0.0/8", "10.0.0.0/8", "fd00::/8"}}}}})})};
}

std::string use_of(const std::string& key_arn) {
  return document({allow({"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"}, key_arn)});
}

std::string create_key(MeasuredInstallation& installation, const Credentials& by, const json& request) {
  return installation.json_call(by, "kms", "CreateKey", request)["KeyMetadata"]["Arn"];
}

Credentials create_user(MeasuredInstallation& installation, const std::string& name) {
  installation.form_call(installation.root(), "iam", "CreateUser", {{"UserName", name}});
  const std::string xml =
      installation.form_call(installation.root(), "iam", "CreateAccessKey", {{"UserName", name}});
  return {element(xml, "AccessKeyId"),
          std::make_shared<secret::SecretBytes>(
              secret::SecretBytes::copy_of(as_bytes(element(xml, "SecretAccessKey")))),
          ""};
}

std::string create_policy(MeasuredInstallation& installation, const std::string& name,
                          const std::string& text) {
  return element(installation.form_call(installation.root(), "iam", "CreatePolicy",
                                        {{"PolicyName", name}, {"PolicyDocument", text}}),
                 "Arn");
}

void attach(MeasuredInstallation& installation, const std::string& user, const std::string& policy_arn) {
  installation.form_call(installation.root(), "iam", "AttachUserPolicy",
                         {{"UserName", user}, {"PolicyArn", policy_arn}});
}

Credentials assume_role(MeasuredInstallation& installation, const Credentials& by,
                        const std::string& role_arn, const std::string& session_policy) {
  const std::string xml = installation.form_call(
      by, "sts", "AssumeRole",
      {{"RoleArn", role_arn}, {"RoleSessionName", "measured"}, {"Policy", session_policy}});
  return {element(xml, "AccessKeyId"),
          std::make_shared<secret::SecretBytes>(
              secret::SecretBytes::copy_of(as_bytes(element(xml, "SecretAccessKey")))),
          element(xml, "SessionToken")};
}

// Statements that speak of other principals and other contexts than those measured, up to `size` bytes, then
// the account's.
std::string large_key_policy(size_t size) {
  std::vector<json> statements;
  size_t written = 0;
  for (int number = 0; written + 500 < size; ++number) {
    json statement = allow({"kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"}, "*");
    statement["Sid"] = fmt::format("team {}", number);
    statement["Principal"] = {{"AWS", {"arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:root"}}};
    statement["Condition"] = {
        {"StringEquals", {{"kms:ViaService", "ec2.us-west-2.amazonaws.com"}}},
        {"StringLike", {{"kms:EncryptionContext:team", fmt::format("team-{}-*", number)}}}};
    written += statement.dump().size() + 1;
    statements.push_back(std::move(statement));
  }
  statements.push_back(with(allow("kms:*", "*"), "Principal", {{"AWS", kAccountRoot}}));
  return document(statements);
}

// `size` bytes of statements on other keys.
std::string large_identity_policy(size_t size, int seed) {
  std::vector<json> statements;
  size_t written = 40;
  for (int number = 0; written + 330 < size; ++number) {
    json statement = allow({"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"},
                           fmt::format("arn:aws:kms:*:111122223333:key/{:08d}-{:04d}-*", seed, number));
    statement["Condition"] = {{"StringEquals", {{"kms:EncryptionContext:team", fmt::format("{}", number)}}},
                              {"Bool", {{"aws:SecureTransport", "true"}}}};
    written += statement.dump().size() + 1;
    statements.push_back(std::move(statement));
  }
  return document(statements);
}

}  // namespace

MeasuredCaller root_user(MeasuredInstallation& installation) {
  return {"root", installation.root(), create_key(installation, installation.root(), json::object())};
}

MeasuredCaller user(MeasuredInstallation& installation) {
  MeasuredCaller made{"user", create_user(installation, "alice"),
                      create_key(installation, installation.root(), json::object())};
  int number = 0;
  for (const std::string& text : usual_policies())
    attach(installation, "alice", create_policy(installation, fmt::format("usual-{}", ++number), text));
  installation.form_call(installation.root(), "iam", "CreateGroup", {{"GroupName", "key-users"}});
  installation.form_call(
      installation.root(), "iam", "PutGroupPolicy",
      {{"GroupName", "key-users"}, {"PolicyName", "use"}, {"PolicyDocument", use_of(made.key_arn)}});
  installation.form_call(installation.root(), "iam", "AddUserToGroup",
                         {{"GroupName", "key-users"}, {"UserName", "alice"}});
  return made;
}

MeasuredCaller role_session(MeasuredInstallation& installation) {
  const Credentials& root = installation.root();
  const Credentials bob = create_user(installation, "bob");
  installation.form_call(
      root, "iam", "PutUserPolicy",
      {{"UserName", "bob"}, {"PolicyName", "become"}, {"PolicyDocument", document({allow("sts:*", "*")})}});
  json trust = {{"Effect", "Allow"}, {"Action", "sts:AssumeRole"}, {"Principal", {{"AWS", kAccountRoot}}}};
  const std::string role = element(
      installation.form_call(root, "iam", "CreateRole",
                             {{"RoleName", "app"},
                              {"AssumeRolePolicyDocument", document({trust})},
                              {"PermissionsBoundary",
                               create_policy(installation, "boundary", document({allow("kms:*", "*")}))}}),
      "Arn");
  json by_context = allow({"kms:Decrypt", "kms:GenerateDataKey"}, "*");
  by_context["Principal"] = {{"AWS", role}};
  by_context["Condition"] = {{"StringEquals", {{"kms:EncryptionContext:purpose", "measuring"}}},
                             {"StringEqualsIfExists", {{"kms:CallerAccount", installation.kAccount}}}};
  json administration = with(allow("kms:*", "*"), "Principal", {{"AWS", kAccountRoot}});
  return {"role_session",
          assume_role(installation, bob, role, document({allow("kms:*", "arn:aws:kms:us-west-2:*:key/*")})),
          create_key(installation, root, {{"Policy", document({by_context, administration})}})};
}

MeasuredCaller grantee(MeasuredInstallation& installation) {
  MeasuredCaller made{"grant", create_user(installation, "carol"),
                      create_key(installation, installation.root(), json::object())};
  installation.json_call(installation.root(), "kms", "CreateGrant",
                         {{"KeyId", made.key_arn},
                          {"GranteePrincipal", "arn:aws:iam::111122223333:user/carol"},
                          {"Operations", {"Decrypt", "GenerateDataKey"}},
                          {"Constraints", {{"EncryptionContextSubset", {{"purpose", "measuring"}}}}}});
  return made;
}

MeasuredCaller user_with_large_policies(MeasuredInstallation& installation) {
  const size_t largest_key_policy = 32 * 1024, largest_managed_policy = 6 * 1024;
  MeasuredCaller made{"large_policies", create_user(installation, "dave"),
                      create_key(installation, installation.root(),
                                 {{"Policy", large_key_policy(largest_key_policy - 512)}})};
  for (int number = 0; number < 9; ++number)
    attach(installation, "dave",
           create_policy(installation, fmt::format("large-{}", number),
                         large_identity_policy(largest_managed_policy, number)));
  attach(installation, "dave", create_policy(installation, "use-large", use_of(made.key_arn)));
  return made;
}

MeasuredCaller member_of_organization(MeasuredInstallation& installation) {
  const Credentials& root = installation.root();
  const auto call = [&](const std::string& operation, const json& request) {
    return installation.json_call(root, "organizations", operation, request);
  };
  call("CreateOrganization", {{"FeatureSet", "ALL"}});
  const std::string top = call("ListRoots", json::object())["Roots"][0]["Id"];
  for (const char* type : {"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"})
    call("EnablePolicyType", {{"RootId", top}, {"PolicyType", type}});
  const auto unit = [&](const std::string& parent, const std::string& name) -> std::string {
    return call("CreateOrganizationalUnit",
                {{"ParentId", parent}, {"Name", name}})["OrganizationalUnit"]["Id"];
  };
  const std::string outer = unit(top, "outer"), inner = unit(outer, "inner");
  json deny = with(allow({"kms:ScheduleKeyDeletion", "ec2:CreateVolume"}, "*"), "Effect", "Deny");
  json guard = with(with(allow("kms:*", "*"), "Effect", "Deny"), "Principal", "*");
  guard["Condition"] = {{"BoolIfExists", {{"aws:SecureTransport", "false"}}},
                        {"Null", {{"aws:PrincipalOrgID", "true"}}}};
  int number = 0;
  for (const std::string& target : {top, outer, inner})
    for (const auto& [type, statement] :
         {std::pair("SERVICE_CONTROL_POLICY", deny), std::pair("RESOURCE_CONTROL_POLICY", guard)}) {
      const json made = call("CreatePolicy", {{"Name", fmt::format("p{}", ++number)},
                                              {"Description", ""},
                                              {"Type", type},
                                              {"Content", document({statement})}});
      call("AttachPolicy", {{"PolicyId", made["Policy"]["PolicySummary"]["Id"]}, {"TargetId", target}});
    }
  const json status = call("CreateAccount", {{"AccountName", "member"}, {"Email", "member@example.com"}});
  const std::string member = status["CreateAccountStatus"]["AccountId"];
  call("MoveAccount", {{"AccountId", member}, {"SourceParentId", top}, {"DestinationParentId", inner}});
  const Credentials erin = create_user(installation, "erin");
  installation.form_call(
      root, "iam", "PutUserPolicy",
      {{"UserName", "erin"}, {"PolicyName", "become"}, {"PolicyDocument", document({allow("sts:*", "*")})}});
  const Credentials session =
      assume_role(installation, erin, "arn:aws:iam::" + member + ":role/OrganizationAccountAccessRole",
                  document({allow("kms:*", "*")}));
  return {"organization_member", session, create_key(installation, session, json::object())};
}

}  // namespace coffer::bench
