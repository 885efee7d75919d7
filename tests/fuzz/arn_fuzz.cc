// SPDX-License-Identifier: Apache-2.0
// Covers what reads ARNs and what stands for one: ARNs' parts, the names of users, roles and sessions in
// them, principals of policies and grants, key identifiers, and the patterns of Resource and Arn conditions.
// The input is lines: a pattern, an ARN, and what ARNs are made of (path, name, session, region, account).
// Claims: what is read is what was written, an ARN that was made tells its parts whatever they are, nobody
// has another's name, and a pattern matches exactly what a naive matcher says.

// Links: coffer_services
#include <algorithm>
#include <array>

#include "base/ids.h"
#include "policy/match.h"
#include "policy/principal.h"
#include "policy/requester.h"
#include "policy/text.h"
#include "services/arn.h"
#include "services/iam_names.h"
#include "services/kms/grant_rules.h"
#include "services/kms/key_identifier.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/naive_match.h"

namespace {

using namespace coffer;
using services::Arn;

constexpr const char* kAccount = "111122223333";
constexpr size_t kLongest = 256;  // of what is matched; the naive matcher takes the product of both lengths

struct Input {
  std::string pattern, text, path, name, session, region, account;
};

Input read_input(std::string_view rest) {
  Input input;
  for (std::string* field : {&input.pattern, &input.text, &input.path, &input.name, &input.session,
                             &input.region, &input.account}) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    *field = rest.substr(0, std::min(end, kLongest));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return input;
}

#ifdef COFFER_PLANTED_BUG
// A ? takes a colon too.
std::string resource_pattern(std::string_view text) {
  std::string pattern = policy::resource_pattern(text);
  std::replace(pattern.begin(), pattern.end(), policy::kOneWithinSegment, policy::kOneCharacter);
  return pattern;
}
#else
using policy::resource_pattern;
#endif

// The seven characters of IAM's names that are no letters or digits, and enough of those.
std::string as_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";
  std::string name(text.substr(0, 64));
  for (char& c : name)
    if (kAllowed.find(c) == std::string_view::npos) c = kAllowed[static_cast<uint8_t>(c) % kAllowed.size()];
  return name.empty() ? "n" : name;
}

// "/", or any of 0x21 to 0x7E between two slashes.
std::string as_path(std::string_view text) {
  std::string path = "/";
  for (const char c : text) path += c > 0x20 && c < 0x7F ? c : '/';
  if (path.back() != '/') path += '/';
  return path;
}

std::string without(std::string_view text, std::string_view unwanted) {
  std::string result;
  for (const char c : text)
    if (unwanted.find(c) == std::string_view::npos) result += c;
  return result;
}

std::vector<std::string_view> naive_segments(std::string_view arn) {
  std::vector<std::string_view> segments;
  for (size_t colon = arn.find(':'); segments.size() < 5 && colon != std::string_view::npos;
       colon = arn.find(':')) {
    segments.push_back(arn.substr(0, colon));
    arn.remove_prefix(colon + 1);
  }
  segments.push_back(arn);
  return segments;
}

void check_parts(const std::string& text) {
  const auto arn = services::parse_arn(text);
  const auto segments = naive_segments(text);
  const bool shaped = segments.size() == 6 && segments[0] == "arn" && segments[1] == "aws" &&
                      !segments[2].empty() && !segments[5].empty();
  FUZZ_CHECK(arn.has_value() == shaped);
  if (!arn) return;
  for (const std::string* part : {&arn->service, &arn->region, &arn->account})
    FUZZ_CHECK(part->find(':') == std::string::npos);
  FUZZ_CHECK(services::make_arn(arn->service, arn->region, arn->account, arn->resource) == text);
}

void check_made(const Input& input) {
  const std::string region = without(input.region, ":"), account = without(input.account, ":");
  const auto same = [&](const std::string& text, std::string_view service, std::string_view owner,
                        const std::string& resource) {
    const auto arn = services::parse_arn(text);
    FUZZ_CHECK(arn && arn->service == service && arn->account == owner && arn->resource == resource);
    FUZZ_CHECK(arn->region == region);
  };
  same(services::key_arn(region, account, input.name), "kms", account, "key/" + input.name);
  same(services::alias_arn(region, account, "alias/" + input.name), "kms", account, "alias/" + input.name);
  same(services::volume_arn(region, account, input.name), "ec2", account, "volume/" + input.name);
  same(services::instance_arn(region, account, input.name), "ec2", account, "instance/" + input.name);
  same(services::snapshot_arn(region, input.name), "ec2", "", "snapshot/" + input.name);
}

// An ARN of an entity with whatever path tells its kind and its name, and no other's.
void check_entities(const Input& input) {
  catalog::IamEntity entity;
  entity.account = kAccount;
  entity.path = as_path(input.path);
  entity.name = as_name(input.name);
  const auto type_of = [](const std::string& arn) { return policy::principal_of(kAccount, arn).type; };

  entity.kind = "user";
  const std::string user = services::entity_arn(entity);
  FUZZ_CHECK(policy::entity_name(user) == entity.name && type_of(user) == policy::PrincipalType::kUser);
  FUZZ_CHECK(!services::is_service_linked_role(user));

  entity.kind = "role";
  const std::string role = services::entity_arn(entity);
  FUZZ_CHECK(policy::entity_name(role) == entity.name && type_of(role) == policy::PrincipalType::kRoot);
  FUZZ_CHECK(services::is_service_linked_role(role) == entity.path.starts_with("/aws-service-role/"));

  const std::string session = services::assumed_role_arn(entity, as_name(input.session));
  FUZZ_CHECK(policy::entity_name(session) == entity.name);
  FUZZ_CHECK(type_of(session) == policy::PrincipalType::kRoleSession);
  const std::string federated = services::federated_user_arn(kAccount, entity.name);
  FUZZ_CHECK(policy::entity_name(federated).empty());
  FUZZ_CHECK(type_of(federated) == policy::PrincipalType::kFederatedUser);
  for (const std::string& arn : {user, role, session, federated})
    FUZZ_CHECK(services::kms::is_principal(arn));
}

policy::CallerIdentity caller_with(policy::CallerType type, const std::string& arn,
                                   const std::string& account) {
  policy::CallerIdentity caller;
  caller.type = type;
  caller.arn = arn;
  caller.account = account;
  return caller;
}

// A principal that is accepted stands in one list, names whoever has that ARN, and nobody else.
void check_principal(const std::string& text) {
  policy::JsonValue json;
  json.value = policy::JsonValue::Object{{"AWS", {text}}};
  const auto element = policy::read_principal(json, false);
  if (!element) {
    FUZZ_CHECK(element.error().kind == ErrorKind::kInvalidArgument && !element.error().message.empty());
    return;
  }
  FUZZ_CHECK(element->everyone + element->aws.size() + element->accounts.size() == 1);
  FUZZ_CHECK(element->everyone == (text == "*"));
  if (element->everyone) return;
  FUZZ_CHECK(text.find_first_of("*?") == std::string::npos);
  const auto stranger =
      caller_with(policy::CallerType::kUser, "arn:aws:iam::999999999999:user/x", "999999999998");
  FUZZ_CHECK(text == stranger.arn || text == stranger.account ||
             (!element->accounts.empty() && element->accounts[0] == stranger.account) ||
             policy::closeness(*element, stranger) == policy::Closeness::kNone);
  if (!element->accounts.empty()) {
    const std::string& account = element->accounts[0];
    FUZZ_CHECK(is_account_id(account));
    FUZZ_CHECK(text == account ||
               (text.starts_with("arn:aws") && text.ends_with(":iam::" + account + ":root") &&
                std::count(text.begin(), text.end(), ':') == 5));
    const auto root = caller_with(policy::CallerType::kRoot, "", account);
    FUZZ_CHECK(policy::closeness(*element, root) == policy::Closeness::kAccount);
    return;
  }
  const auto named = caller_with(policy::CallerType::kUser, text, kAccount);
  FUZZ_CHECK(policy::closeness(*element, named) == policy::Closeness::kDirect);
  const auto longer = caller_with(policy::CallerType::kUser, text + "x", kAccount);
  FUZZ_CHECK(policy::closeness(*element, longer) == policy::Closeness::kNone);
}

void check_grantee(const std::string& text) {
  if (!services::kms::is_principal(text)) return;
  const auto document = services::kms::as_policy("kms:Decrypt", {text});
  const auto& element = *document.statements.at(0).principal;
  FUZZ_CHECK(!element.everyone &&
             element.aws.size() + element.accounts.size() + element.services.size() == 1);
  const auto arn = services::parse_arn(text);
  FUZZ_CHECK(element.services.empty() == arn.has_value());
  FUZZ_CHECK(element.accounts.empty() || text == services::make_arn("iam", "", element.accounts[0], "root"));
}

void check_key_identifier(const std::string& text) {
  using services::kms::KeyIdentifier;
  const auto read = services::kms::read_key_identifier(text);
  if (!read) {
    FUZZ_CHECK(text.starts_with("arn:") && read.error().code == "InvalidArnException");
    return;
  }
  FUZZ_CHECK(read->kind != KeyIdentifier::Kind::kKey || is_key_id(read->name));
  FUZZ_CHECK(read->kind != KeyIdentifier::Kind::kAlias || read->name.starts_with("alias/"));
  if (!read->arn) {
    FUZZ_CHECK(!text.starts_with("arn:") && read->name == text);
    return;
  }
  const auto& arn = *read->arn;
  if (read->kind == KeyIdentifier::Kind::kKey)
    FUZZ_CHECK(services::key_arn(arn.region, arn.account, read->name) == text);
  if (read->kind == KeyIdentifier::Kind::kAlias)
    FUZZ_CHECK(services::alias_arn(arn.region, arn.account, read->name) == text);
}

bool naive_arn(std::string_view pattern, std::string_view arn) {
  const auto wanted = naive_segments(pattern), given = naive_segments(arn);
  if (wanted.size() != 6 || given.size() != 6) return false;
  for (size_t i = 0; i < 6; ++i)
    if (!fuzz::naive_match(fuzz::naive_wildcards(wanted[i]), given[i])) return false;
  return true;
}

// No byte that goes on with a character stands where none has begun.
bool has_whole_characters(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool goes_on = (static_cast<uint8_t>(text[i]) & 0xC0) == 0x80;
    if (goes_on && (i == 0 || static_cast<uint8_t>(text[i - 1]) < 0x80)) return false;
  }
  return true;
}

void check_matching(const std::string& written, const std::string& text) {
  if (policy::has_wildcard_bytes(written) || policy::has_wildcard_bytes(text)) return;
  // Documents are UTF-8, or not read at all.
  if (!has_whole_characters(written) || !has_whole_characters(text)) return;
  const std::string anywhere = policy::wildcard_pattern(written);
  FUZZ_CHECK(policy::matches(anywhere, text) == fuzz::naive_match(fuzz::naive_wildcards(written), text));
  FUZZ_CHECK(policy::matches(resource_pattern(written), text) ==
             fuzz::naive_match(fuzz::naive_resource(written), text));
  FUZZ_CHECK(policy::matches_arn(anywhere, text) == naive_arn(written, text));
  const std::string lower = policy::to_lower(text);
  FUZZ_CHECK(policy::matches_ignoring_case(anywhere, text) ==
             fuzz::naive_match(fuzz::naive_wildcards(policy::to_lower(written)), lower));
  FUZZ_CHECK(policy::equals_ignoring_case(written, text) == (policy::to_lower(written) == lower));
  // Without wildcards a text matches itself alone.
  if (written.find_first_of("*?") == std::string::npos)
    FUZZ_CHECK(policy::matches(anywhere, text) == (written == text));
}

// A value that stands in a pattern is itself and no wildcard, and does not move an ARN's segments.
void check_variable(const std::string& value, const std::string& text) {
  static const auto resource =
      policy::read_text("arn:aws:s3:::bucket/${aws:username}/*", policy::Wildcards::kResource, true);
  static const auto account =
      policy::read_text("arn:aws:iam::${aws:username}:user/*", policy::Wildcards::kAnywhere, true);
  FUZZ_CHECK(resource && account);
  policy::Context context;
  context.set("aws:username", value);
  std::string buffer;
  const auto pattern = policy::expand(*resource, context, buffer);
  FUZZ_CHECK(pattern.has_value() == !(value.empty() || policy::has_wildcard_bytes(value)));
  if (!pattern) return;
  const std::string fixed = "arn:aws:s3:::bucket/" + value + "/";
  FUZZ_CHECK(policy::matches(*pattern, text) == text.starts_with(fixed));
  FUZZ_CHECK(policy::matches(*pattern, fixed + "x"));
  const auto arn = policy::expand(*account, context, buffer, true);
  FUZZ_CHECK(arn.has_value() == (value.find(':') == std::string::npos));
  if (arn) FUZZ_CHECK(policy::matches_arn(*arn, "arn:aws:iam::" + value + ":user/x"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Input input = read_input({reinterpret_cast<const char*>(data), size});
  for (const std::string* text : {&input.pattern, &input.text}) {
    check_parts(*text);
    check_principal(*text);
    check_grantee(*text);
    check_key_identifier(*text);
  }
  check_made(input);
  check_entities(input);
  check_matching(input.pattern, input.text);
  check_variable(input.name, input.text);
  return 0;
}
