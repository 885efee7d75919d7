// SPDX-License-Identifier: Apache-2.0
#include "wire/redact.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "wire/json_text.h"

namespace coffer::wire {
namespace {

constexpr std::string_view kHidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
constexpr size_t kUsualSize = 256;  // bytes; only so that most need room once

void write(std::string& out, const Shape& shape, const Value& value);

// Whether the value has any place in a record: a blob has none, whatever is in it.
bool shown(const Shape& shape, const Value& value) {
  return shape.type != ShapeType::kBlob && value.as<Bytes>() == nullptr && !value.absent();
}

void write_member(std::string& out, bool& first, std::string_view name, const Shape& shape,
                  const Value& value) {
  if (!shown(shape, value)) return;
  if (!std::exchange(first, false)) out.push_back(',');
  append_json_string(out, name);
  out.push_back(':');
  write(out, shape, value);
}

void append_hidden(std::string& out, bool& first, std::string_view name) {
  if (!std::exchange(first, false)) out.push_back(',');
  append_json_string(out, name);
  out.push_back(':');
  append_json_string(out, kHidden);
}

// What is as good as a signature although Debian's models do not call it sensitive: CopySnapshot's, which
// clients sign and send by themselves.
bool is_signed_url(const Shape& shape, std::string_view member) {
  return shape.type == ShapeType::kStructure && member == "PresignedUrl";
}

void write_members(std::string& out, const Shape& shape, const Members& members) {
  out.push_back('{');
  bool first = true;
  for (const auto& [name, value] : members) {
    if (shape.type == ShapeType::kMap)
      write_member(out, first, shape.key->sensitive ? kHidden : name, *shape.element, value);
    else if (is_signed_url(shape, name))
      append_hidden(out, first, lower_camel(name));
    else if (const auto* member = shape.find_member(name))
      write_member(out, first, lower_camel(name), *member->shape, value);
  }
  out.push_back('}');
}

void write_list(std::string& out, const Shape& shape, const List& list) {
  out.push_back('[');
  bool first = true;
  for (const auto& element : list) {
    if (!shown(*shape.element, element)) continue;
    if (!std::exchange(first, false)) out.push_back(',');
    write(out, *shape.element, element);
  }
  out.push_back(']');
}

void write_scalar(std::string& out, const Value& value) {
  if (const auto* boolean = value.as<bool>())
    out += *boolean ? "true" : "false";
  else if (const auto* integer = value.as<int64_t>())
    out += std::to_string(*integer);
  else if (const auto* number = value.as<double>())
    append_json_number(out, *number);
  else if (const auto* text = value.as<std::string>())
    append_json_string(out, *text);
  else if (const auto* time = value.as<Timestamp>())
    append_json_string(out, iso8601(*time));
  else
    out += "null";
}

void write(std::string& out, const Shape& shape, const Value& value) {
  const auto* members = value.as<Members>();
  const auto* list = value.as<List>();
  if (shape.sensitive)
    append_json_string(out, kHidden);
  else if (members != nullptr && (shape.type == ShapeType::kStructure || shape.type == ShapeType::kMap))
    write_members(out, shape, *members);
  else if (list != nullptr && shape.type == ShapeType::kList)
    write_list(out, shape, *list);
  else
    write_scalar(out, value);
}

}  // namespace

std::string redacted_json(const Shape* shape, const Value& value, size_t largest) {
  if (shape == nullptr || value.absent()) return "null";
  std::string out;
  out.reserve(kUsualSize);
  write(out, *shape, value);
  if (out.size() <= largest) return out;
  return fmt::format(R"({{"omitted":true,"originalSize":{},"reason":"too large for a record"}})", out.size());
}

}  // namespace coffer::wire
