// SPDX-License-Identifier: Apache-2.0
#include "trail/record.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/plain_json.h"

namespace coffer::trail {
namespace {

// CloudTrail's own limits are of this size; a record must not grow with what a stranger sends.
constexpr size_t kLongestText = 1024;
constexpr size_t kLongestDocument = 128 << 10;
constexpr size_t kMostResources = 100;
constexpr size_t kUsualRecord = 1400;  // bytes; only so that most need room once

// A string literal, of a text that is cut where it is too long. Bytes that are no UTF-8 (a hostile
// User-Agent) become the replacement character.
void append_string(std::string& out, std::string_view text) {
  const bool whole = text.size() <= kLongestText;
  text = text.substr(0, kLongestText);
  if (is_plain_json(text)) {
    out.append("\"", 1).append(text).append(whole ? "\"" : "...\"");
    return;
  }
  const nlohmann::json string = std::string(text) + (whole ? "" : "...");
  out += string.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// `known`: it is JSON for sure.
void append_document(std::string& out, const std::string& text, bool known) {
  if (text.empty())
    out += "null";
  else if (text.size() > kLongestDocument)
    out += R"({"omitted":true,"size":)" + std::to_string(text.size()) + "}";
  else if (known || nlohmann::json::accept(text))
    out += text;
  else
    append_string(out, text);
}

// An object that is written member by member. One inside it is written between its name and its end.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::string& name(std::string_view name) {
    return out_.append(std::exchange(first_, false) ? "\"" : ",\"").append(name).append("\":", 2);
  }
  void text(std::string_view its_name, std::string_view text) { append_string(name(its_name), text); }
  void text_unless_empty(std::string_view its_name, std::string_view text) {
    if (!text.empty()) this->text(its_name, text);
  }
  void boolean(std::string_view its_name, bool value) { name(its_name) += value ? "true" : "false"; }
  void document(std::string_view its_name, const std::string& text, bool known) {
    append_document(name(its_name), text, known);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_session(std::string& out, const UserIdentity& identity) {
  Object context(out);
  if (const auto& issuer = identity.session_issuer) {
    Object role(context.name("sessionIssuer"));
    role.text("type", "Role");
    role.text("principalId", issuer->principal_id);
    role.text("arn", issuer->arn);
    role.text("accountId", identity.account_id);
    role.text("userName", issuer->user_name);
  }
  if (identity.session_created) {
    Object attributes(context.name("attributes"));
    attributes.text("creationDate", iso8601(*identity.session_created));
    attributes.text("mfaAuthenticated", identity.mfa_authenticated ? "true" : "false");
  }
  context.text_unless_empty("sourceIdentity", identity.source_identity);
}

void append_identity(std::string& out, const UserIdentity& identity) {
  Object object(out);
  object.text_unless_empty("type", identity.type);
  object.text_unless_empty("principalId", identity.principal_id);
  object.text_unless_empty("arn", identity.arn);
  object.text_unless_empty("accountId", identity.account_id);
  object.text_unless_empty("accessKeyId", identity.access_key_id);
  object.text_unless_empty("userName", identity.user_name);
  object.text_unless_empty("identityProvider", identity.identity_provider);
  if (identity.session_issuer || identity.session_created)
    append_session(object.name("sessionContext"), identity);
  object.text_unless_empty("invokedBy", identity.invoked_by);
}

// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
std::string_view arn_field(std::string_view arn, int index) {
  for (int i = 0; i < index; ++i) {
    const size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return index == 5 ? arn : arn.substr(0, arn.find(':'));
}

std::string_view resource_type(std::string_view arn) {
  const std::string_view service = arn_field(arn, 2), resource = arn_field(arn, 5);
  if (service == "kms" && resource.starts_with("key/")) return "AWS::KMS::Key";
  if (service == "kms" && resource.starts_with("alias/")) return "AWS::KMS::Alias";
  if (service == "ec2" && resource.starts_with("volume/")) return "AWS::EC2::Volume";
  if (service == "ec2" && resource.starts_with("snapshot/")) return "AWS::EC2::Snapshot";
  if (service == "ec2" && resource.starts_with("instance/")) return "AWS::EC2::Instance";
  return {};
}

// A snapshot's ARN names no account: it is of `account`.
void append_resources(std::string& out, const std::vector<std::string>& arns, const std::string& account) {
  out += '[';
  for (size_t i = 0; i < std::min(arns.size(), kMostResources); ++i) {
    if (i != 0) out += ',';
    Object resource(out);
    const std::string_view named = arn_field(arns[i], 4);
    const bool is_snapshot = arn_field(arns[i], 5).starts_with("snapshot/");
    resource.text_unless_empty("accountId", named.empty() && is_snapshot ? account : named);
    resource.text_unless_empty("type", resource_type(arns[i]));
    resource.text("ARN", arns[i]);
  }
  out += ']';
}

void append_record(std::string& out, const Record& record) {
  Object object(out);
  object.text("eventVersion", "1.09");
  append_identity(object.name("userIdentity"), record.identity);
  object.text("eventTime", iso8601(record.time));
  object.text("eventSource", record.event_source);
  object.text("eventName", record.event_name);
  object.text("awsRegion", record.region);
  object.text("sourceIPAddress", record.source_ip_address);
  object.text("userAgent", record.user_agent);
  object.text_unless_empty("errorCode", record.error_code);
  object.text_unless_empty("errorMessage", record.error_message);
  object.document("requestParameters", record.request_parameters, record.known_json);
  object.document("responseElements", record.response_elements, record.known_json);
  if (!record.additional_event_data.empty())
    object.document("additionalEventData", record.additional_event_data, false);
  object.text("requestID", record.request_id);
  object.text("eventID", record.event_id);
  object.boolean("readOnly", record.read_only);
  if (!record.resource_arns.empty())
    append_resources(object.name("resources"), record.resource_arns, record.recipient_account_id);
  object.text("eventType", "AwsApiCall");
  object.boolean("managementEvent", true);
  object.text("recipientAccountId", record.recipient_account_id);
  object.text("eventCategory", "Management");
  object.text_unless_empty("vpcEndpointId", record.vpc_endpoint_id);
  object.text_unless_empty("vpcEndpointAccountId", record.vpc_endpoint_account_id);
}

}  // namespace

std::string to_json(const Record& record) {
  std::string text;
  text.reserve(kUsualRecord);
  append_record(text, record);
  return text;
}

}  // namespace coffer::trail
