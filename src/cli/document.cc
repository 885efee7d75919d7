// SPDX-License-Identifier: Apache-2.0
#include "cli/document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace coffer::cli {

// Ordered, so that what we print reads in the order in which it was set.
using Json = nlohmann::ordered_json;

struct Document::Node {
  Json json = Json::object();
};

namespace {

const Json* find(const Json& root, std::string_view path) {
  const Json* at = &root;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const std::string name(path.substr(0, dot));
    if (!at->is_object()) return nullptr;
    const auto member = at->find(name);
    if (member == at->end()) return nullptr;
    at = &*member;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return at;
}

Json& make(Json& root, std::string_view path) {
  Json* at = &root;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    if (!at->is_object()) *at = Json::object();
    at = &(*at)[std::string(path.substr(0, dot))];
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return *at;
}

std::string text_of(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number() || json.is_boolean()) return json.dump();
  return {};
}

void make_printable(Json& json) {
  if (json.is_string()) json = cli::printable(json.get_ref<const std::string&>());
  if (json.is_structured())
    for (Json& each : json) make_printable(each);
}

// Bytes that are no UTF-8 are shown replaced rather than refused: this is output for people.
std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Document::Document() : node_(std::make_unique<Node>()) {}
Document::Document(std::unique_ptr<Node> node) : node_(std::move(node)) {}
Document::Document(const Document& other) : node_(std::make_unique<Node>(*other.node_)) {}
Document::Document(Document&& other) noexcept = default;
Document& Document::operator=(Document other) noexcept {
  node_.swap(other.node_);
  return *this;
}
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return fail(ErrorKind::kCorrupt, "not a JSON document");
  return Document(std::make_unique<Node>(Node{std::move(json)}));
}

Document Document::array() {
  return Document(std::make_unique<Node>(Node{Json::array()}));
}

bool Document::has(std::string_view path) const {
  return find(node_->json, path) != nullptr;
}

std::string Document::text(std::string_view path) const {
  const Json* json = find(node_->json, path);
  return json == nullptr ? std::string() : text_of(*json);
}

bool Document::flag(std::string_view path) const {
  const Json* json = find(node_->json, path);
  return json != nullptr && json->is_boolean() && json->get<bool>();
}

int64_t Document::number(std::string_view path) const {
  const Json* json = find(node_->json, path);
  return json != nullptr && json->is_number() ? json->get<int64_t>() : 0;
}

Document Document::child(std::string_view path) const {
  const Json* json = find(node_->json, path);
  return json == nullptr ? Document() : Document(std::make_unique<Node>(Node{*json}));
}

std::vector<Document> Document::items(std::string_view path) const {
  std::vector<Document> found;
  const Json* json = find(node_->json, path);
  if (json == nullptr || !json->is_array()) return found;
  for (const Json& item : *json) found.push_back(Document(std::make_unique<Node>(Node{item})));
  return found;
}

std::vector<std::string> Document::texts(std::string_view path) const {
  std::vector<std::string> found;
  const Json* json = find(node_->json, path);
  if (json == nullptr || !json->is_array()) return found;
  for (const Json& item : *json) found.push_back(text_of(item));
  return found;
}

Document Document::printable() const {
  Document shown = *this;
  make_printable(shown.node_->json);
  return shown;
}

void Document::set(std::string_view path, std::string_view value) {
  make(node_->json, path) = std::string(value);
}
void Document::set(std::string_view path, bool value) {
  make(node_->json, path) = value;
}
void Document::set(std::string_view path, int64_t value) {
  make(node_->json, path) = value;
}
void Document::set(std::string_view path, const std::vector<std::string>& values) {
  make(node_->json, path) = values;
}
void Document::set(std::string_view path, const Document& value) {
  make(node_->json, path) = value.node_->json;
}
void Document::append(const Document& item) {
  if (!node_->json.is_array()) node_->json = Json::array();
  node_->json.push_back(item.node_->json);
}

std::string Document::line() const {
  return dump(node_->json, -1);
}
std::string Document::pretty() const {
  const std::string json = dump(node_->json, 2);
  std::string shown;
  for (size_t at = 0; at < json.size();) {  // line by line: those line breaks are ours
    const size_t end = std::min(json.find('\n', at), json.size());
    shown += cli::printable(std::string_view(json).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return shown;
}

}  // namespace coffer::cli
