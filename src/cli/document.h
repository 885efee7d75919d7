// SPDX-License-Identifier: Apache-2.0
// A JSON document behind a small door, so that the JSON library is compiled in one place. Members are named
// by path, "keyd.seal"; what is absent, or of another type, reads as empty.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace coffer::cli {

class Document {
 public:
  Document();  // an empty object
  Document(const Document& other);
  Document(Document&& other) noexcept;
  Document& operator=(Document other) noexcept;
  ~Document();

  static Result<Document> parse(std::string_view text);
  static Document array();

  bool has(std::string_view path) const;
  std::string text(std::string_view path) const;  // a number or truth value reads as its text
  bool flag(std::string_view path) const;
  int64_t number(std::string_view path) const;
  Document child(std::string_view path) const;
  std::vector<Document> items(std::string_view path) const;  // "" is the document itself
  std::vector<std::string> texts(std::string_view path) const;

  // All texts in it made printable (output.h), for what is not shown as JSON. Names of members stay.
  Document printable() const;

  void set(std::string_view path, std::string_view value);
  void set(std::string_view path, const char* value) { set(path, std::string_view(value)); }
  void set(std::string_view path, bool value);
  void set(std::string_view path, int64_t value);
  void set(std::string_view path, const std::vector<std::string>& values);
  void set(std::string_view path, const Document& value);
  void append(const Document& item);  // to an array

  std::string line() const;  // one line, without the line break
  // Indented, with a line break at the end. What steers terminals is written as JSON's escapes.
  std::string pretty() const;

 private:
  struct Node;
  explicit Document(std::unique_ptr<Node> node);
  std::unique_ptr<Node> node_;
};

}  // namespace coffer::cli
