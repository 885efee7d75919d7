// SPDX-License-Identifier: Apache-2.0
#include "policy/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "policy/json.h"
#include "policy/match.h"

namespace coffer::policy {
namespace {

tl::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

const JsonValue* find(const JsonValue::Object& object, std::string_view key) {
  for (const auto& member : object)
    if (member.key == key) return &member.value;
  return nullptr;
}

// "x" or ["x", "y"]. `empty` is the complaint when there is none.
Result<std::vector<std::string>> read_texts(const JsonValue& json, std::string_view element,
                                            std::string_view empty) {
  if (const auto* text = json.as<std::string>()) return std::vector<std::string>{*text};
  const auto* list = json.as<JsonValue::List>();
  if (list == nullptr) return malformed(fmt::format("{} is neither a text nor a list of texts.", element));
  if (list->empty()) return malformed(std::string(empty));
  std::vector<std::string> texts;
  for (const auto& entry : *list) {
    const auto* text = entry.as<std::string>();
    if (text == nullptr) return malformed(fmt::format("{} has an entry that is no text.", element));
    texts.push_back(*text);
  }
  return texts;
}

// The one of an element and its negation that a statement has. Having both is an error, having none is not.
struct EitherElement {
  const JsonValue* json = nullptr;
  bool negated = false;
};
Result<EitherElement> find_either(const JsonValue::Object& statement, const std::string& element) {
  const auto* plain = find(statement, element);
  const auto* negated = find(statement, "Not" + element);
  if (plain != nullptr && negated != nullptr)
    return malformed(fmt::format("Policy statement must not contain both {0} and Not{0}.", element));
  return EitherElement{plain != nullptr ? plain : negated, negated != nullptr};
}

bool is_word(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           others.find(c) != std::string_view::npos;
  });
}

Status check_action(const std::string& action) {
  if (action == "*") return {};
  const size_t colon = action.find(':');
  if (colon == std::string::npos)
    return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  if (action.find(':', colon + 1) != std::string::npos)
    return malformed("Actions/Condition can contain only one colon.");
  const auto vendor = action.substr(0, colon);
  if (vendor != "*" && !is_word(vendor, "-."))
    return malformed(fmt::format("Vendor {} is not valid", vendor));
  if (!is_word(action.substr(colon + 1), "*?-_."))
    return malformed(fmt::format("The action \"{}\" has a name that is not valid.", action));
  return {};
}

Status read_actions(Statement& statement, const JsonValue::Object& json) {
  constexpr std::string_view kNone = "Policy statement must contain actions.";
  COFFER_TRY(element, find_either(json, "Action"));
  if (element.json == nullptr) return malformed(std::string(kNone));
  COFFER_TRY(actions, read_texts(*element.json, "Action", kNone));
  statement.not_action = element.negated;
  for (const auto& action : actions) {
    COFFER_CHECK(check_action(action));
    statement.actions.push_back(wildcard_pattern(action));
  }
  return {};
}

// "*", or an ARN at least as far as its service, which is named in full.
Status check_resource(const std::string& resource) {
  if (resource == "*") return {};
  const size_t partition = resource.find(':');
  const size_t service = partition == std::string::npos ? partition : resource.find(':', partition + 1);
  if (partition == std::string::npos || resource.substr(0, partition) != "arn")
    return malformed(fmt::format("Resource {} must be in ARN format or \"*\".", resource));
  const auto name = resource.substr(partition + 1, service - partition - 1);
  if (!name.starts_with("aws") || !is_word(name, "-"))
    return malformed(fmt::format("Partition \"{}\" is not valid for resource \"{}\".", name, resource));
  const size_t end = service == std::string::npos ? service : resource.find(':', service + 1);
  if (service == std::string::npos || !is_word(resource.substr(service + 1, end - service - 1), "-"))
    return malformed("Resource vendor must be fully qualified and cannot contain regexes.");
  return {};
}

Status read_resources(Statement& statement, const JsonValue::Object& json, const Document& document) {
  constexpr std::string_view kNone = "Policy statement must contain resources.";
  COFFER_TRY(element, find_either(json, "Resource"));
  if (document.kind == DocumentKind::kTrust) {
    if (element.json != nullptr) return malformed("Has prohibited field Resource");
    statement.resource_rule = Statement::Resources::kAny;
    return {};
  }
  if (element.json == nullptr) {
    // "If the required Resource element is missing from a key policy statement, the policy statement has no
    // effect ... the CreateKey and PutKeyPolicy APIs succeed" (KMS Developer Guide, "Creating a key policy").
    if (document.kind != DocumentKind::kKey) return malformed(std::string(kNone));
    statement.resource_rule = Statement::Resources::kNone;
    return {};
  }
  COFFER_TRY(resources, read_texts(*element.json, "Resource", kNone));
  statement.resource_rule =
      element.negated ? Statement::Resources::kNotListed : Statement::Resources::kListed;
  for (const auto& resource : resources) {
    COFFER_CHECK(check_resource(resource));
    COFFER_TRY(text, read_text(resource, Wildcards::kResource, document.has_variables));
    statement.resources.push_back(std::move(text));
  }
  return {};
}

Status read_principal_element(Statement& statement, const JsonValue::Object& json, DocumentKind kind) {
  COFFER_TRY(element, find_either(json, "Principal"));
  if (kind == DocumentKind::kIdentity) {
    if (element.json != nullptr) return malformed("Policy document should not specify a principal.");
    return {};
  }
  if (element.json == nullptr) return malformed("Policy statement must contain a principal.");
  // "NotPrincipal must be used with "Effect":"Deny"" (IAM User Guide, "AWS JSON policy elements:
  // NotPrincipal").
  if (element.negated && statement.effect == Effect::kAllow)
    return malformed("NotPrincipal must be used with Effect Deny.");
  if (kind == DocumentKind::kTrust && element.negated) return malformed("Has prohibited field NotPrincipal");
  COFFER_TRY(principal, read_principal(*element.json, element.negated));
  statement.principal = std::move(principal);
  return {};
}

Status check_elements(const JsonValue::Object& object, std::initializer_list<std::string_view> known) {
  for (const auto& member : object)
    if (std::find(known.begin(), known.end(), member.key) == known.end())
      return malformed(fmt::format("there is no element {}.", member.key));
  return {};
}

Status read_effect(Statement& statement, const JsonValue::Object& json) {
  const auto* element = find(json, "Effect");
  const auto* effect = element == nullptr ? nullptr : element->as<std::string>();
  if (effect == nullptr || (*effect != "Allow" && *effect != "Deny"))
    return malformed("Effect must be Allow or Deny.");
  statement.effect = *effect == "Allow" ? Effect::kAllow : Effect::kDeny;
  return {};
}

Status read_statement(Statement& statement, const JsonValue& value, const Document& document) {
  const auto* json = value.as<JsonValue::Object>();
  if (json == nullptr) return malformed("it is not an object.");
  if (const auto* element = find(*json, "Sid")) {
    const auto* sid = element->as<std::string>();
    if (sid == nullptr) return malformed("Sid is no text.");
    statement.sid = *sid;
  }
  COFFER_CHECK(check_elements(*json, {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
                                      "Resource", "NotResource", "Condition"}));
  if (document.kind == DocumentKind::kIdentity && !statement.sid.empty() && !is_word(statement.sid, ""))
    return malformed("Statement IDs (SID) must be alpha-numeric.");
  COFFER_CHECK(read_effect(statement, *json));
  COFFER_CHECK(read_principal_element(statement, *json, document.kind));
  COFFER_CHECK(read_actions(statement, *json));
  COFFER_CHECK(read_resources(statement, *json, document));
  if (const auto* element = find(*json, "Condition")) {
    COFFER_TRY(conditions, read_conditions(*element, document.has_variables));
    statement.conditions = std::move(conditions);
  }
  return {};
}

Status add_statement(Document& document, const JsonValue& json) {
  Statement statement;
  if (auto status = read_statement(statement, json, document); !status) {
    const auto sid = statement.sid.empty() ? std::string() : fmt::format(" (Sid \"{}\")", statement.sid);
    return malformed(
        fmt::format("Statement {}{}: {}", document.statements.size() + 1, sid, status.error().message));
  }
  document.statements.push_back(std::move(statement));
  return {};
}

Status read_head(Document& document, const JsonValue::Object& json) {
  COFFER_CHECK(check_elements(json, {"Version", "Id", "Statement"}));
  if (const auto* element = find(json, "Version")) {
    const auto* version = element->as<std::string>();
    if (version == nullptr || (*version != "2012-10-17" && *version != "2008-10-17"))
      return malformed("Version must be 2012-10-17 or 2008-10-17.");
    document.has_variables = *version == "2012-10-17";
  }
  if (const auto* element = find(json, "Id")) {
    const auto* id = element->as<std::string>();
    if (id == nullptr) return malformed("Id is no text.");
    document.id = *id;
  }
  return {};
}

// In IAM a Sid is unique within a policy; services with policies of their own may allow more.
Status check_sids(const Document& document) {
  if (document.kind != DocumentKind::kIdentity && document.kind != DocumentKind::kTrust) return {};
  std::unordered_set<std::string> seen;
  for (const auto& statement : document.statements)
    if (!statement.sid.empty() && !seen.insert(statement.sid).second)
      return malformed("Statement IDs (SID) in a single policy must be unique.");
  return {};
}

}  // namespace

Result<Document> read_document(std::string_view text, DocumentKind kind) {
  const auto json = read_json(text);
  if (!json) return malformed(fmt::format("Syntax errors in policy: {}.", json.error().message));
  const auto* object = json->as<JsonValue::Object>();
  if (object == nullptr) return malformed("Syntax errors in policy: it is not an object.");
  Document document;
  document.kind = kind;
  COFFER_CHECK(read_head(document, *object));
  const auto* statement = find(*object, "Statement");
  if (statement == nullptr) return malformed("Syntax errors in policy: it has no Statement.");
  if (const auto* list = statement->as<JsonValue::List>()) {
    if (list->empty()) return malformed("Syntax errors in policy: it has no Statement.");
    for (const auto& entry : *list) COFFER_CHECK(add_statement(document, entry));
  } else {
    COFFER_CHECK(add_statement(document, *statement));
  }
  COFFER_CHECK(check_sids(document));
  return document;
}

}  // namespace coffer::policy
