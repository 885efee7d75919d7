// SPDX-License-Identifier: Apache-2.0
#include "trail/record.h"

#include <nlohmann/json.hpp>

namespace coffer::trail {
namespace {

using Json = nlohmann::ordered_json;

// CloudTrail's own limits are of this size; a record must not grow with what a stranger sends.
constexpr size_t kLongestText = 1024;
constexpr size_t kLongestDocument = 128 << 10;
constexpr size_t kMostResources = 100;

Json bounded(const std::string& text) {
  if (text.size() <= kLongestText) return text;
  return text.substr(0, kLongestText) + "...";
}

void add_unless_empty(Json& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = bounded(text);
}

Json document(const std::string& text) {
  if (text.empty()) return nullptr;
  if (text.size() > kLongestDocument) return Json{{"omitted", true}, {"size", text.size()}};
  Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_discarded() ? bounded(text) : parsed;
}

Json session_json(const UserIdentity& identity) {
  Json context = Json::object();
  if (const auto& issuer = identity.session_issuer)
    context["sessionIssuer"] = Json{{"type", "Role"},
                                    {"principalId", bounded(issuer->principal_id)},
                                    {"arn", bounded(issuer->arn)},
                                    {"accountId", bounded(identity.account_id)},
                                    {"userName", bounded(issuer->user_name)}};
  if (identity.session_created)
    context["attributes"] =
        Json{{"creationDate", iso8601(*identity.session_created)}, {"mfaAuthenticated", "false"}};
  return context;
}

Json identity_json(const UserIdentity& identity) {
  Json json = Json::object();
  add_unless_empty(json, "type", identity.type);
  add_unless_empty(json, "principalId", identity.principal_id);
  add_unless_empty(json, "arn", identity.arn);
  add_unless_empty(json, "accountId", identity.account_id);
  add_unless_empty(json, "accessKeyId", identity.access_key_id);
  add_unless_empty(json, "userName", identity.user_name);
  if (identity.session_issuer || identity.session_created) json["sessionContext"] = session_json(identity);
  add_unless_empty(json, "invokedBy", identity.invoked_by);
  return json;
}

// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
std::string arn_field(const std::string& arn, int index) {
  size_t start = 0;
  for (int i = 0; i < index; ++i) {
    start = arn.find(':', start);
    if (start == std::string::npos) return {};
    ++start;
  }
  return arn.substr(start, index == 5 ? std::string::npos : arn.find(':', start) - start);
}

std::string resource_type(const std::string& arn) {
  const std::string service = arn_field(arn, 2), resource = arn_field(arn, 5);
  if (service == "kms" && resource.starts_with("key/")) return "AWS::KMS::Key";
  if (service == "kms" && resource.starts_with("alias/")) return "AWS::KMS::Alias";
  if (service == "ec2" && resource.starts_with("volume/")) return "AWS::EC2::Volume";
  if (service == "ec2" && resource.starts_with("instance/")) return "AWS::EC2::Instance";
  return {};
}

Json resources_json(const std::vector<std::string>& arns) {
  Json list = Json::array();
  for (const std::string& arn : arns) {
    if (list.size() == kMostResources) break;
    Json resource = Json::object();
    add_unless_empty(resource, "accountId", arn_field(arn, 4));
    add_unless_empty(resource, "type", resource_type(arn));
    resource["ARN"] = bounded(arn);
    list.push_back(std::move(resource));
  }
  return list;
}

}  // namespace

std::string to_json(const Record& record) {
  Json json = Json::object();
  json["eventVersion"] = "1.09";
  json["userIdentity"] = identity_json(record.identity);
  json["eventTime"] = iso8601(record.time);
  json["eventSource"] = bounded(record.event_source);
  json["eventName"] = bounded(record.event_name);
  json["awsRegion"] = bounded(record.region);
  json["sourceIPAddress"] = bounded(record.source_ip_address);
  json["userAgent"] = bounded(record.user_agent);
  add_unless_empty(json, "errorCode", record.error_code);
  add_unless_empty(json, "errorMessage", record.error_message);
  json["requestParameters"] = document(record.request_parameters);
  json["responseElements"] = document(record.response_elements);
  if (!record.additional_event_data.empty())
    json["additionalEventData"] = document(record.additional_event_data);
  json["requestID"] = record.request_id;
  json["eventID"] = record.event_id;
  json["readOnly"] = record.read_only;
  if (!record.resource_arns.empty()) json["resources"] = resources_json(record.resource_arns);
  json["eventType"] = "AwsApiCall";
  json["managementEvent"] = true;
  json["recipientAccountId"] = record.recipient_account_id;
  json["eventCategory"] = "Management";
  // Bytes that are no UTF-8 (a hostile User-Agent) become the replacement character.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace coffer::trail
