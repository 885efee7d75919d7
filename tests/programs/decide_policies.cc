// SPDX-License-Identifier: Apache-2.0
// Policies and requests, a JSON object a line on standard input; on standard output an array of decisions for
// each: "allowed" or AWS's phrase for the refusal. tests/policy_oracle compares them with those of another
// evaluator.
//   {"caller": {"type": "user", "account": ..., "arn": ..., "id": ..., "source_arn": ..., "name": ...},
//    "identity": [POLICY...], "boundary": POLICY or null, "session": [POLICY...],
//    "service_control": [[POLICY...]...], "resource_control": [[POLICY...]...], "resource": POLICY or null,
//    "rule": "may" | "must" | "trust",
//    "requests": [{"action": ..., "resource": ..., "account": ..., "context": {KEY: [VALUE...]}}...]}
// where POLICY is a document's text. --plant BUG decides wrongly on purpose, to show that the comparison
// finds it.
#include <deque>
#include <iostream>
#include <set>
#include <string>

#include "policy/evaluate.h"
#include "policy/json.h"

namespace {

using namespace coffer;
using policy::JsonValue;

const std::set<std::string> kBugs = {
    "deny-loses",          "conditions-hold",         "boundary-ignored",        "session-ignored",
    "key-policy-optional", "other-accounts-are-ours", "resource-control-ignored"};

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << why << "\n";
  std::exit(2);
}

const JsonValue& member(const JsonValue& json, std::string_view key) {
  if (const auto* object = json.as<JsonValue::Object>())
    for (const auto& candidate : *object)
      if (candidate.key == key) return candidate.value;
  give_up("there is no member " + std::string(key));
}

std::string text(const JsonValue& json, std::string_view key) {
  const auto* value = member(json, key).as<std::string>();
  if (value == nullptr) give_up("no text: " + std::string(key));
  return *value;
}

const JsonValue::List& list(const JsonValue& json) {
  const auto* value = json.as<JsonValue::List>();
  if (value == nullptr) give_up("no list");
  return *value;
}

// One line: the policies and who calls.
struct PolicySet {
  std::deque<policy::Document> documents;
  policy::Caller caller;
  std::optional<policy::AttachedPolicy> resource_policy;
  policy::ResourcePolicyRule rule = policy::ResourcePolicyRule::kMayAllow;
  policy::ControlLevels resource_control;
};

class Reader {
 public:
  Reader(PolicySet& set, std::string bug) : set_(set), bug_(std::move(bug)) {}

  void read(const JsonValue& json) {
    read_caller(member(json, "caller"));
    set_.caller.identity_policies = policies(member(json, "identity"));
    set_.caller.boundary = optional_policy(member(json, "boundary"), policy::DocumentKind::kIdentity);
    set_.caller.session_policies = policies(member(json, "session"));
    for (const auto& level : list(member(json, "service_control")))
      set_.caller.service_control_levels.push_back(policies(level));
    for (const auto& level : list(member(json, "resource_control")))
      set_.resource_control.push_back(policies(level, policy::DocumentKind::kResource));
    const auto rule = text(json, "rule");
    const bool trust = rule == "trust";
    set_.rule = trust            ? policy::ResourcePolicyRule::kMustAllowAsTrust
                : rule == "must" ? policy::ResourcePolicyRule::kMustAllow
                                 : policy::ResourcePolicyRule::kMayAllow;
    set_.resource_policy =
        optional_policy(member(json, "resource"), trust            ? policy::DocumentKind::kTrust
                                                  : rule == "must" ? policy::DocumentKind::kKey
                                                                   : policy::DocumentKind::kResource);
    plant();
  }

 private:
  void read_caller(const JsonValue& json) {
    auto& identity = set_.caller.identity;
    const auto type = text(json, "type");
    const std::pair<std::string_view, policy::CallerType> types[] = {
        {"root", policy::CallerType::kRoot},           {"user", policy::CallerType::kUser},
        {"session", policy::CallerType::kRoleSession}, {"federated", policy::CallerType::kFederatedUser},
        {"service", policy::CallerType::kService},     {"provider", policy::CallerType::kIdentityProvider},
        {"anonymous", policy::CallerType::kAnonymous},
    };
    for (const auto& [name, value] : types)
      if (name == type) identity.type = value;
    identity.account = text(json, "account");
    identity.arn = text(json, "arn");
    identity.id = text(json, "id");
    identity.source_arn = text(json, "source_arn");
    identity.name = text(json, "name");
  }

  policy::AttachedPolicy attach(const JsonValue& json, policy::DocumentKind kind) {
    const auto* written = json.as<std::string>();
    if (written == nullptr) give_up("a policy is no text");
    auto document = policy::read_document(*written, kind);
    if (!document) give_up(document.error().message + "\n" + *written);
    if (bug_ == "deny-loses")
      std::erase_if(document->statements,
                    [](const auto& one) { return one.effect == policy::Effect::kDeny; });
    if (bug_ == "conditions-hold")
      for (auto& statement : document->statements) statement.conditions.clear();
    set_.documents.push_back(std::move(*document));
    return {"policy", &set_.documents.back()};
  }

  std::vector<policy::AttachedPolicy> policies(const JsonValue& json,
                                               policy::DocumentKind kind = policy::DocumentKind::kIdentity) {
    std::vector<policy::AttachedPolicy> result;
    for (const auto& entry : list(json)) result.push_back(attach(entry, kind));
    return result;
  }

  std::optional<policy::AttachedPolicy> optional_policy(const JsonValue& json, policy::DocumentKind kind) {
    if (json.as<std::monostate>() != nullptr) return std::nullopt;
    return attach(json, kind);
  }

  void plant() {
    if (bug_ == "boundary-ignored") set_.caller.boundary.reset();
    if (bug_ == "session-ignored") set_.caller.session_policies.clear();
    if (bug_ == "resource-control-ignored") set_.resource_control.clear();
    if (bug_ == "key-policy-optional") set_.rule = policy::ResourcePolicyRule::kMayAllow;
  }

  PolicySet& set_;
  std::string bug_;
};

policy::Context read_context(const JsonValue& json) {
  policy::Context context;
  for (const auto& entry : *json.as<JsonValue::Object>()) {
    policy::Context::Values values;
    for (const auto& value : list(entry.value)) values.push_back(*value.as<std::string>());
    context.set(entry.key, std::move(values));
  }
  return context;
}

std::string decide(const PolicySet& set, const JsonValue& json, const std::string& bug) {
  const auto action = text(json, "action"), resource = text(json, "resource");
  const auto account = bug == "other-accounts-are-ours" ? set.caller.identity.account : text(json, "account");
  const auto context = read_context(member(json, "context"));
  const auto verdict = policy::evaluate({set.caller, action, resource, account, context,
                                         set.resource_policy ? &*set.resource_policy : nullptr, set.rule,
                                         &set.resource_control});
  return verdict.allowed() ? "allowed" : policy::reason(verdict, action);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string bug = argc == 3 && std::string(argv[1]) == "--plant" ? argv[2] : "";
  if (argc != 1 && kBugs.count(bug) == 0) give_up("usage: decide_policies [--plant BUG]");
  for (std::string line; std::getline(std::cin, line);) {
    const auto json = policy::read_json(line);
    if (!json) give_up(json.error().message);
    PolicySet set;
    Reader(set, bug).read(*json);
    std::string separator = "[";
    for (const auto& request : list(member(*json, "requests"))) {
      std::cout << separator << '"' << decide(set, request, bug) << '"';
      separator = ", ";
    }
    std::cout << "]\n";
  }
  return 0;
}
