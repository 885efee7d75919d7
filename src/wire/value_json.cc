// SPDX-License-Identifier: Apache-2.0
#include "wire/value_json.h"

#include <fmt/format.h>

#include <bit>

#include "base/encoding.h"
#include "wire/json_text.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

// A value is null when absent, else an object of one member, named by the type:
// b boolean, i integer, d bits of a double, s string, x string that is not UTF-8 (base64), y bytes (base64),
// t microseconds, l list, m members as pairs of name and value.
constexpr int kDeepest = 512;

void append_tagged(std::string& out, char tag, std::string_view text) {
  out += fmt::format("{{\"{}\":", tag);
  append_json_string(out, text);
  out.push_back('}');
}

void append_string(std::string& out, const std::string& text) {
  if (is_utf8(text))
    append_tagged(out, 's', text);
  else
    append_tagged(out, 'x', base64(as_bytes(text)));
}

void append(std::string& out, const Value& value);

void append_list(std::string& out, const List& list) {
  out += "{\"l\":[";
  for (size_t at = 0; at < list.size(); ++at) {
    if (at != 0) out.push_back(',');
    append(out, list[at]);
  }
  out += "]}";
}

void append_members(std::string& out, const Members& members) {
  out += "{\"m\":[";
  for (size_t at = 0; at < members.size(); ++at) {
    if (at != 0) out.push_back(',');
    out.push_back('[');
    append_string(out, members[at].first);
    out.push_back(',');
    append(out, members[at].second);
    out.push_back(']');
  }
  out += "]}";
}

void append(std::string& out, const Value& value) {
  if (const auto* boolean = value.as<bool>())
    out += *boolean ? "{\"b\":true}" : "{\"b\":false}";
  else if (const auto* integer = value.as<int64_t>())
    out += fmt::format("{{\"i\":{}}}", *integer);
  else if (const auto* number = value.as<double>())
    out += fmt::format("{{\"d\":{}}}", std::bit_cast<int64_t>(*number));
  else if (const auto* text = value.as<std::string>())
    append_string(out, *text);
  else if (const auto* bytes = value.as<Bytes>())
    append_tagged(out, 'y', base64(*bytes));
  else if (const auto* time = value.as<Timestamp>())
    out += fmt::format("{{\"t\":{}}}", time->microseconds);
  else if (const auto* list = value.as<List>())
    append_list(out, *list);
  else if (const auto* members = value.as<Members>())
    append_members(out, *members);
  else
    out += "null";
}

tl::unexpected<Error> corrupt() {
  return fail(ErrorKind::kCorrupt, "stored value is malformed");
}

Result<Value> decode(const Value& json);

Result<Value> decode_list(const List& elements) {
  List list;
  list.reserve(elements.size());
  for (const auto& element : elements) {
    COFFER_TRY(value, decode(element));
    list.push_back(std::move(value));
  }
  return Value(std::move(list));
}

Result<Value> decode_members(const List& pairs) {
  Members members;
  members.reserve(pairs.size());
  for (const auto& element : pairs) {
    const auto* pair = element.as<List>();
    if (pair == nullptr || pair->size() != 2) return corrupt();
    COFFER_TRY(name, decode(pair->front()));
    COFFER_TRY(value, decode(pair->back()));
    auto* text = name.as<std::string>();
    if (text == nullptr) return corrupt();
    members.emplace_back(std::move(*text), std::move(value));
  }
  return Value(std::move(members));
}

Result<Value> decode_text(char tag, const std::string& text) {
  if (tag == 's') return Value(text);
  auto bytes = from_base64(text);
  if (!bytes || (tag != 'x' && tag != 'y')) return corrupt();
  return tag == 'y' ? Value(std::move(*bytes)) : Value(std::string(as_text(*bytes)));
}

Result<Value> decode(const Value& json) {
  if (json.absent()) return Value();
  const auto* object = json.as<Members>();
  if (object == nullptr || object->size() != 1 || object->front().first.size() != 1) return corrupt();
  const char tag = object->front().first.front();
  const Value& held = object->front().second;
  if (const auto* boolean = held.as<bool>(); boolean != nullptr && tag == 'b') return Value(*boolean);
  if (const auto* integer = held.as<int64_t>()) {
    if (tag == 'i') return Value(*integer);
    if (tag == 't') return Value(Timestamp{*integer});
    if (tag == 'd') return Value(std::bit_cast<double>(*integer));
  }
  if (const auto* text = held.as<std::string>()) return decode_text(tag, *text);
  if (const auto* list = held.as<List>()) {
    if (tag == 'l') return decode_list(*list);
    if (tag == 'm') return decode_members(*list);
  }
  return corrupt();
}

}  // namespace

std::string encode_value(const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

Result<Value> decode_value(std::string_view text) {
  const auto json = read_json(text, kDeepest);
  if (!json) return corrupt();
  return decode(*json);
}

}  // namespace coffer::wire
