// SPDX-License-Identifier: Apache-2.0
// An explanation as `coffer explain --json` and ExplainAccess give it.
#include <nlohmann/json.hpp>

#include "services/access_explanation.h"

namespace coffer::services {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const policy::ConditionReport& condition) {
  return {{"operator", condition.operator_name},
          {"key", condition.key},
          {"wanted", condition.wanted},
          {"present", condition.actual.has_value()},
          {"actual", condition.actual.value_or(std::vector<std::string>())},
          {"holds", condition.holds}};
}

Json to_json(const policy::StatementReport& statement) {
  Json conditions = Json::array();
  for (const auto& condition : statement.conditions) conditions.push_back(to_json(condition));
  return {{"statement", statement.position + 1},
          {"sid", statement.sid},
          {"effect", statement.effect == policy::Effect::kAllow ? "Allow" : "Deny"},
          {"applies", statement.applies()},
          {"principal_matches", statement.principal},
          {"action_matches", statement.action},
          {"resource_matches", statement.resource},
          {"conditions", std::move(conditions)}};
}

Json to_json(const policy::PolicyReport& policy) {
  Json statements = Json::array();
  for (const auto& statement : policy.statements) statements.push_back(to_json(statement));
  return {
      {"kind", policy::name_of(policy.kind)}, {"name", policy.name}, {"statements", std::move(statements)}};
}

Json to_json(const policy::Need& need) {
  return {{"what", need.what}, {"any_of", need.any_of}};
}

std::string name_of(policy::Outcome outcome) {
  switch (outcome) {
    case policy::Outcome::kAllowed:
      return "allowed";
    case policy::Outcome::kExplicitDeny:
      return "explicitDeny";
    case policy::Outcome::kImplicitDeny:
      return "implicitDeny";
  }
  return {};
}

Json to_json(const policy::Explanation& question) {
  Json policies = Json::array();
  for (const auto& policy : question.policies) policies.push_back(to_json(policy));
  Json needed = Json::array();
  for (const auto& need : question.needed) needed.push_back(to_json(need));
  return {{"decision", name_of(question.outcome)},
          {"reason", question.reason},
          {"because", question.because},
          {"needed", std::move(needed)},
          {"policies", std::move(policies)}};
}

}  // namespace

std::string to_json(const AccessExplanation& told) {
  Json questions = Json::array();
  for (const auto& question : told.questions) questions.push_back(to_json(question));
  const Json json = {{"principal", told.principal_arn}, {"action", told.action},
                     {"resource", told.resource},       {"allowed", told.allowed},
                     {"reason", told.reason},           {"questions", std::move(questions)},
                     {"instead", told.instead},         {"notes", told.notes}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace coffer::services
