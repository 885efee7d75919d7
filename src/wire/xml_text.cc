// SPDX-License-Identifier: Apache-2.0
#include "wire/xml_text.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

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

// Writes values with timestamps in one service's form.
class Writer {
 public:
  Writer(std::string& out, TimeText time_text) : out_(out), time_text_(time_text) {}

  void members(const Shape& shape, const Members& members) {
    for (const auto& [name, value] : members)
      if (const auto* member = shape.find_member(name); member != nullptr && !value.absent())
        write(member->location_name, *member->shape, value);
  }

 private:
  void write(std::string_view name, const Shape& shape, const Value& value) {
    const auto* its_members = value.as<Members>();
    const auto* elements = value.as<List>();
    if (its_members != nullptr && shape.type == ShapeType::kStructure) {
      out_ += fmt::format("<{}>", name);
      members(shape, *its_members);
      out_ += fmt::format("</{}>", name);
    } else if (its_members != nullptr && shape.type == ShapeType::kMap) {
      map(name, shape, *its_members);
    } else if (elements != nullptr && shape.type == ShapeType::kList) {
      list(name, shape, *elements);
    } else {
      append_xml_element(out_, name, scalar(value));
    }
  }

  void list(std::string_view name, const Shape& shape, const List& elements) {
    if (shape.flattened) {
      for (const auto& element : elements) write(name, *shape.element, element);
      return;
    }
    if (elements.empty()) {
      out_ += fmt::format("<{}/>", name);
      return;
    }
    out_ += fmt::format("<{}>", name);
    for (const auto& element : elements) write(shape.element_name, *shape.element, element);
    out_ += fmt::format("</{}>", name);
  }

  void map(std::string_view name, const Shape& shape, const Members& entries) {
    out_ += fmt::format("<{}>", name);
    for (const auto& [key, value] : entries) {
      out_ += "<entry>";
      append_xml_element(out_, "key", key);
      write("value", *shape.element, value);
      out_ += "</entry>";
    }
    out_ += fmt::format("</{}>", name);
  }

  std::string scalar(const Value& value) const {
    if (const auto* boolean = value.as<bool>()) return *boolean ? "true" : "false";
    if (const auto* integer = value.as<int64_t>()) return std::to_string(*integer);
    if (const auto* number = value.as<double>()) return fmt::format("{}", *number);
    if (const auto* text = value.as<std::string>()) return *text;
    if (const auto* bytes = value.as<Bytes>()) return base64(*bytes);
    if (const auto* time = value.as<Timestamp>()) return time_text_(*time);
    return {};
  }

  std::string& out_;
  const TimeText time_text_;
};

}  // namespace

void append_xml_element(std::string& out, std::string_view name, std::string_view text) {
  out += fmt::format("<{}>", name);
  append_text(out, text);
  out += fmt::format("</{}>", name);
}

void append_xml_members(std::string& out, const Shape& shape, const Members& members, TimeText time_text) {
  Writer(out, time_text).members(shape, members);
}

}  // namespace coffer::wire
