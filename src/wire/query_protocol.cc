// SPDX-License-Identifier: Apache-2.0
#include "wire/query_protocol.h"

#include <fmt/format.h>

#include "wire/text_value.h"
#include "wire/xml_text.h"

namespace coffer::wire {
namespace {

// A value is not quoted: it may be a secret.
tl::unexpected<Error> malformed(const std::string& path) {
  return fail(ErrorKind::kInvalidArgument, fmt::format("The value of the parameter {} is malformed", path),
              "MalformedInput");
}

std::string extend(const std::string& path, std::string_view part) {
  return path.empty() ? std::string(part) : fmt::format("{}.{}", path, part);
}

// "NAME=" stands for a list, a map or a structure without anything in it.
bool is_empty_value(const ParameterTree& tree) {
  return tree.value == nullptr || tree.value->empty();
}

Result<Value> convert(const Shape& shape, const ParameterTree& tree, const std::string& path);

Result<Value> convert_structure(const Shape& shape, const ParameterTree& tree, const std::string& path) {
  if (!is_empty_value(tree)) return malformed(path);
  Members members;
  for (const auto& member : shape.members) {
    const auto found = tree.children.find(member.query_name);
    if (found == tree.children.end()) continue;
    COFFER_TRY(value, convert(*member.shape, *found->second, extend(path, member.query_name)));
    members.emplace_back(member.name, std::move(value));
  }
  return Value(std::move(members));
}

// The numbered children of the list or map itself when it is flattened, else of its child `wrapper`.
Result<std::map<int64_t, const ParameterTree*>> elements_of(const Shape& shape, const ParameterTree& tree,
                                                            std::string_view wrapper,
                                                            const std::string& path) {
  if (!is_empty_value(tree)) return malformed(path);
  const ParameterTree* parent = &tree;
  if (!shape.flattened) {
    const auto found = tree.children.find(wrapper);
    if (found == tree.children.end()) return std::map<int64_t, const ParameterTree*>();
    parent = found->second.get();
  }
  auto numbered = numbered_children(*parent);
  if (!numbered) return malformed(path);
  return std::move(*numbered);
}

Result<Value> convert_list(const Shape& shape, const ParameterTree& tree, const std::string& path) {
  COFFER_TRY(numbered, elements_of(shape, tree, shape.element_name, path));
  List elements;
  elements.reserve(numbered.size());
  for (const auto& [index, child] : numbered) {
    COFFER_TRY(value, convert(*shape.element, *child, fmt::format("{}.{}", path, index)));
    elements.push_back(std::move(value));
  }
  return Value(std::move(elements));
}

Result<Value> convert_map(const Shape& shape, const ParameterTree& tree, const std::string& path) {
  COFFER_TRY(numbered, elements_of(shape, tree, "entry", path));
  Members entries;
  for (const auto& [index, child] : numbered) {
    const auto key = child->children.find("key"), value = child->children.find("value");
    if (key == child->children.end() || value == child->children.end() || key->second->value == nullptr)
      return malformed(fmt::format("{}.{}", path, index));
    COFFER_TRY(converted, convert(*shape.element, *value->second, fmt::format("{}.{}", path, index)));
    entries.emplace_back(*key->second->value, std::move(converted));
  }
  return Value(std::move(entries));
}

Result<Value> convert(const Shape& shape, const ParameterTree& tree, const std::string& path) {
  switch (shape.type) {
    case ShapeType::kStructure:
      return convert_structure(shape, tree, path);
    case ShapeType::kList:
      return convert_list(shape, tree, path);
    case ShapeType::kMap:
      return convert_map(shape, tree, path);
    default:
      break;
  }
  if (tree.value == nullptr || !tree.children.empty()) return malformed(path);
  auto value = read_text(shape, Location::kQuery, *tree.value);
  if (!value) return malformed(path);
  return std::move(*value);
}

}  // namespace

Result<Value> parse_query(const Shape& input, const FormParameters& parameters) {
  COFFER_TRY(root, parameter_tree(parameters));
  return convert_structure(input, root, "");
}

std::string serialise_query_xml(const ServiceModel& model, const Operation& operation, const Value& value,
                                std::string_view request_id) {
  std::string out(kXmlDeclaration);
  out += fmt::format("<{}Response xmlns=\"{}\">", operation.name, model.xml_namespace);
  if (operation.output != nullptr) {
    out += fmt::format("<{}Result>", operation.name);
    if (const auto* members = value.as<Members>())
      append_xml_members(out, *operation.output, *members, iso8601);
    out += fmt::format("</{}Result>", operation.name);
  }
  out += "<ResponseMetadata>";
  append_xml_element(out, "RequestId", request_id);
  out += fmt::format("</ResponseMetadata></{}Response>", operation.name);
  return out;
}

std::string query_error_xml(const ServiceModel& model, int http_status, const Error& error,
                            std::string_view request_id) {
  std::string out(kXmlDeclaration);
  out += fmt::format("<ErrorResponse xmlns=\"{}\"><Error>", model.xml_namespace);
  append_xml_element(out, "Type", http_status >= 500 ? "Receiver" : "Sender");
  append_xml_element(out, "Code", error.code);
  append_xml_element(out, "Message", error.message);
  out += "</Error>";
  append_xml_element(out, "RequestId", request_id);
  out += "</ErrorResponse>";
  return out;
}

}  // namespace coffer::wire
