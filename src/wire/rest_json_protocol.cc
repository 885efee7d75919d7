// SPDX-License-Identifier: Apache-2.0
#include "wire/rest_json_protocol.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/json_protocol.h"
#include "wire/json_text.h"
#include "wire/text_value.h"
#include "wire/uri_template.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

tl::unexpected<Error> serialization_error(std::string message = {}) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "SerializationException");
}

Result<Value> convert(const Shape& shape, Location location, std::string_view text) {
  auto value = read_text(shape, location, text);
  if (!value)
    return serialization_error(
        fmt::format("STRING_VALUE can not be converted to {}", name_of_type(shape.type)));
  return std::move(*value);
}

// A list has a parameter an element; a map takes every parameter that no other member does.
Result<Value> read_query(const Shape& input, const Member& member, const QueryParameters& parameters) {
  if (member.shape->type == ShapeType::kMap) {
    Members entries;
    for (const auto& parameter : parameters) {
      const bool taken = std::ranges::any_of(input.members, [&](const Member& each) {
        return each.location == Location::kQuery && each.shape->type != ShapeType::kMap &&
               each.location_name == parameter.first;
      });
      const bool repeated =
          std::ranges::find(entries, parameter.first, &Members::value_type::first) != entries.end();
      if (taken || repeated) continue;
      COFFER_TRY(value, convert(*member.shape->element, Location::kQuery, parameter.second));
      entries.emplace_back(parameter.first, std::move(value));
    }
    return entries.empty() ? Value() : Value(std::move(entries));
  }
  List list;
  for (const auto& [name, text] : parameters) {
    if (name != member.location_name) continue;
    if (member.shape->type != ShapeType::kList) return convert(*member.shape, Location::kQuery, text);
    COFFER_TRY(value, convert(*member.shape->element, Location::kQuery, text));
    list.push_back(std::move(value));
  }
  return list.empty() ? Value() : Value(std::move(list));
}

Result<Value> read_header(const Member& member, const HttpHeaders& headers) {
  const std::string* text = headers.find(member.location_name);
  return text == nullptr ? Value() : convert(*member.shape, Location::kHeader, *text);
}

Result<Value> read_label(const Member& member, const Labels& labels) {
  const auto found = std::ranges::find(labels, member.location_name, &Labels::value_type::first);
  return found == labels.end() ? Value() : convert(*member.shape, Location::kUri, found->second);
}

// The body that is one member as a whole.
Result<Value> read_payload(const Member& member, const Bytes& body) {
  if (member.shape->type == ShapeType::kBlob) return Value(body);
  if (member.shape->type == ShapeType::kString) {
    if (!is_utf8(as_text(body))) return serialization_error();
    return Value(std::string(as_text(body)));
  }
  if (body.empty()) return Value();
  return parse_json(*member.shape, as_text(body));
}

// The members that stand in the body's JSON document, if there are any.
Result<Value> read_document(const Shape& input, const Bytes& body) {
  const bool has_document =
      input.payload.empty() &&
      std::ranges::find(input.members, Location::kBody, &Member::location) != input.members.end();
  if (!has_document || body.empty()) return Value(Members{});
  return parse_json(input, as_text(body));
}

std::string payload_text(const Member& member, const Value& value) {
  if (const auto* bytes = value.as<Bytes>()) return std::string(as_text(*bytes));
  if (const auto* text = value.as<std::string>()) return *text;
  return serialise_json(member.shape, value);
}

std::string_view content_type_of(const Member& payload) {
  if (payload.shape->type == ShapeType::kBlob) return "application/octet-stream";
  if (payload.shape->type == ShapeType::kString) return "text/plain";
  return "application/json";
}

void set_body(HttpResponse& response, const Shape& output, const Value& value) {
  if (output.payload.empty()) {
    response.headers.add("Content-Type", "application/json");
    response.body = serialise_json(&output, value);
    return;
  }
  const Member& payload = *output.find_member(output.payload);
  response.headers.add("Content-Type", std::string(content_type_of(payload)));
  if (const Value* held = value.member(payload.name)) response.body = payload_text(payload, *held);
}

}  // namespace

Result<Value> parse_rest_json(const Operation& operation, const HttpRequest& request) {
  const Shape& input = *operation.input;
  const auto labels = match_path(operation.http.uri, request.path);
  const auto parameters = parse_query(request.query);
  if (!labels || !parameters) return serialization_error();
  COFFER_TRY(document, read_document(input, request.body));
  const auto read = [&](const Member& member) -> Result<Value> {
    if (member.name == input.payload) return read_payload(member, request.body);
    switch (member.location) {
      case Location::kUri:
        return read_label(member, *labels);
      case Location::kQuery:
        return read_query(input, member, *parameters);
      case Location::kHeader:
        return read_header(member, request.headers);
      default: {
        const Value* held = document.member(member.name);
        return held == nullptr ? Value() : *held;
      }
    }
  };
  Members members;
  for (const auto& member : input.members) {
    COFFER_TRY(value, read(member));
    if (!value.absent()) members.emplace_back(member.name, std::move(value));
  }
  return Value(std::move(members));
}

HttpResponse serialise_rest_json(const Operation& operation, const Value& output) {
  HttpResponse response;
  response.status = operation.http.status;
  if (operation.output == nullptr) return response;
  for (const auto& member : operation.output->members) {
    const Value* value = output.member(member.name);
    if (value == nullptr || value->absent()) continue;
    if (member.location == Location::kHeader)
      response.headers.add(std::string(member.location_name), write_text(Location::kHeader, *value));
    if (const auto* status = value->as<int64_t>(); status && member.location == Location::kStatusCode)
      response.status = static_cast<int>(*status);
  }
  set_body(response, *operation.output, output);
  return response;
}

std::string rest_json_error_body(const ServiceModel& model, const Error& error) {
  const ErrorShape* shape = model.find_error(error.code);
  std::string out = "{";
  const auto add = [&](std::string_view name, std::string_view text) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, name);
    out.push_back(':');
    append_json_string(out, text);
  };
  if (!error.message.empty())
    add(shape != nullptr && shape->has_member("Message") ? "Message" : "message", error.message);
  if (shape != nullptr && shape->has_member("ErrorCode")) add("ErrorCode", error.code);
  for (const auto& [name, text] : error.members)
    if (shape != nullptr && shape->has_member(name)) add(name, text);
  out.push_back('}');
  return out;
}

}  // namespace coffer::wire
