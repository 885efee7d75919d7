// SPDX-License-Identifier: Apache-2.0
// The answers of EC2 Query, declared in ec2_query_protocol.h.
#include <fmt/format.h>

#include "base/encoding.h"
#include "wire/ec2_query_protocol.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// Characters that XML 1.0 (section 2.2) has no place for, not even escaped, become U+FFFD.
bool is_xml_character(char32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
         c >= 0x10000;
}

void append_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;  // a parser would read it as a line feed
      default:
        append_utf8(out, is_xml_character(c) ? c : kReplacementCharacter);
    }
  }
}

void append_element(std::string& out, std::string_view name, std::string_view text) {
  out += fmt::format("<{}>", name);
  append_text(out, text);
  out += fmt::format("</{}>", name);
}

std::string scalar_text(const Value& value) {
  if (const auto* boolean = value.as<bool>()) return *boolean ? "true" : "false";
  if (const auto* integer = value.as<int64_t>()) return std::to_string(*integer);
  if (const auto* number = value.as<double>()) return fmt::format("{}", *number);
  if (const auto* text = value.as<std::string>()) return *text;
  if (const auto* bytes = value.as<Bytes>()) return base64(*bytes);
  if (const auto* time = value.as<Timestamp>()) return iso8601_millis(*time);
  return {};
}

void write(std::string& out, std::string_view name, const Shape& shape, const Value& value);

void write_members(std::string& out, const Shape& shape, const Members& members) {
  for (const auto& [name, value] : members)
    if (const auto* member = shape.find_member(name); member != nullptr && !value.absent())
      write(out, member->location_name, *member->shape, value);
}

void write_list(std::string& out, std::string_view name, const Shape& shape, const List& list) {
  if (shape.flattened) {
    for (const auto& element : list) write(out, name, *shape.element, element);
    return;
  }
  if (list.empty()) {
    out += fmt::format("<{}/>", name);
    return;
  }
  out += fmt::format("<{}>", name);
  for (const auto& element : list) write(out, shape.element_name, *shape.element, element);
  out += fmt::format("</{}>", name);
}

void write_map(std::string& out, std::string_view name, const Shape& shape, const Members& members) {
  out += fmt::format("<{}>", name);
  for (const auto& [key, value] : members) {
    out += "<entry>";
    append_element(out, "key", key);
    write(out, "value", *shape.element, value);
    out += "</entry>";
  }
  out += fmt::format("</{}>", name);
}

void write(std::string& out, std::string_view name, const Shape& shape, const Value& value) {
  const auto* members = value.as<Members>();
  const auto* list = value.as<List>();
  if (members != nullptr && shape.type == ShapeType::kStructure) {
    out += fmt::format("<{}>", name);
    write_members(out, shape, *members);
    out += fmt::format("</{}>", name);
  } else if (members != nullptr && shape.type == ShapeType::kMap) {
    write_map(out, name, shape, *members);
  } else if (list != nullptr && shape.type == ShapeType::kList) {
    write_list(out, name, shape, *list);
  } else {
    append_element(out, name, scalar_text(value));
  }
}

}  // namespace

std::string serialise_ec2_xml(const ServiceModel& model, const Operation& operation, const Value& value,
                              std::string_view request_id) {
  std::string out(kDeclaration);
  out += fmt::format("<{}Response xmlns=\"{}\">", operation.name, model.xml_namespace);
  append_element(out, "requestId", request_id);
  if (operation.output == nullptr)
    out += "<return>true</return>";
  else if (const auto* members = value.as<Members>())
    write_members(out, *operation.output, *members);
  out += fmt::format("</{}Response>", operation.name);
  return out;
}

std::string ec2_error_xml(const Error& error, std::string_view request_id) {
  std::string out(kDeclaration);
  out += "<Response><Errors><Error>";
  append_element(out, "Code", error.code);
  append_element(out, "Message", error.message);
  out += "</Error></Errors>";
  append_element(out, "RequestID", request_id);
  out += "</Response>";
  return out;
}

}  // namespace coffer::wire
