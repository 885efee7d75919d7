// SPDX-License-Identifier: Apache-2.0
// The tables that the generator makes of AWS's service models, and that drive every protocol, the validator
// and the redaction. All are constants with static lifetime: pointers and views into them never dangle.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer::wire {

enum class ShapeType {
  kStructure,
  kList,
  kMap,
  kString,
  kBoolean,
  kInteger,  // 32 bits
  kLong,     // 64 bits
  kFloat,
  kDouble,
  kBlob,
  kTimestamp,
};

struct Shape;

// Where a member of an operation's input or output stands in the HTTP message; for the REST protocols.
enum class Location {
  kBody,
  kUri,         // a label of the URI template
  kQuery,       // a parameter of the query string
  kHeader,      // a header field
  kStatusCode,  // of an output: the HTTP status
};

struct Member {
  std::string_view name = {};  // the model's: "KmsKeyId"; what a Value's members are called
  std::string_view location_name =
      {};  // key in JSON, element in XML, label, parameter or header: the model's locationName, else the name
  std::string_view query_name = {};  // parameter of the Query protocols
  const Shape* shape = nullptr;
  Location location = Location::kBody;
  bool required = false;
  bool idempotency_token = false;
  bool streaming = false;
};

struct Shape {
  std::string_view name = {};
  ShapeType type = ShapeType::kStructure;
  std::span<const Member> members = {};       // of a structure, in the model's order
  std::string_view payload = {};              // of a structure: the member that is the whole HTTP body
  const Shape* key = nullptr;                 // of a map
  const Shape* element = nullptr;             // of a list; the value of a map
  std::string_view element_name = "member";   // of a list: the XML element around one element
  bool flattened = false;                     // of a list or map
  std::optional<int64_t> min = {}, max = {};  // value of a number, length of anything else
  std::string_view pattern = {};              // Java regular expression, empty when there is none
  std::span<const std::string_view> enumeration = {};
  bool sensitive = false;  // its value goes into no log, record or message

  const Member* find_member(std::string_view member_name) const;
};

struct ErrorShape {
  std::string_view name;
  std::string_view code;  // as it goes over the wire
  int http_status = 400;
  std::span<const std::string_view> members = {};  // names, in the model's order

  bool has_member(std::string_view member_name) const;
};

// How a REST protocol spells an operation.
struct HttpBinding {
  std::string_view method = "POST";
  std::string_view uri = "/";  // template: "/snapshots/{snapshotId}/blocks", "/files/{path+}?versions"
  int status = 200;            // of an answer without error
};

struct Operation {
  std::string_view name;
  const Shape* input = nullptr;   // never null: empty where the model has none
  const Shape* output = nullptr;  // null where the model has none
  std::span<const ErrorShape* const> errors = {};
  std::string_view idempotency_token = {};  // the input member that carries it, empty when there is none
  HttpBinding http = {};
  bool unsigned_payload = false;  // clients may leave the body out of their signature
};

enum class Protocol { kJson, kEc2, kRestJson, kQuery };

struct ServiceModel {
  std::string_view id;               // "kms"
  std::string_view endpoint_prefix;  // "kms"
  std::string_view signing_name;     // the service of the SigV4 credential scope
  std::string_view api_version;      // "2014-11-01"
  Protocol protocol = Protocol::kJson;
  std::string_view json_version;   // "1.1"; empty for other protocols
  std::string_view target_prefix;  // of X-Amz-Target: "TrentService"
  std::string_view xml_namespace;  // "http://ec2.amazonaws.com/doc/2016-11-15/"
  std::span<const Operation> operations;
  std::span<const ErrorShape> errors;

  const Operation* find_operation(std::string_view name) const;
  const ErrorShape* find_error(std::string_view code) const;
};

// "KeyId" -> "keyId": how AWS names members in validation messages and CloudTrail in records.
std::string lower_camel(std::string_view name);

// The HTTP status of a failed call: the model's for a modelled error, else what AWS answers for errors of its
// kind.
int http_status(const ServiceModel& model, const Error& error);

}  // namespace coffer::wire
