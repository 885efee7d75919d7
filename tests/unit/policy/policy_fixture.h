// SPDX-License-Identifier: Apache-2.0
// Policies and contexts in few words.
#pragma once
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/document.h"
#include "policy/evaluate.h"

namespace coffer::policy {

// Policies' JSON is written with ' for ".
inline std::string json(std::string text) {
  for (char& c : text)
    if (c == '\'') c = '"';
  return text;
}

inline Document document(const std::string& text, DocumentKind kind = DocumentKind::kIdentity) {
  auto result = read_document(json(text), kind);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result ? std::move(*result) : Document();
}

// Why the text is refused; empty when it is not.
inline std::string refusal(const std::string& text, DocumentKind kind = DocumentKind::kIdentity) {
  const auto result = read_document(json(text), kind);
  return result ? std::string() : result.error().message;
}

inline Context context(std::initializer_list<std::pair<std::string, std::vector<std::string>>> entries) {
  Context result;
  for (const auto& [key, values] : entries) result.set(key, values);
  return result;
}

inline std::string statement(const std::string& elements) {
  return "{'Version': '2012-10-17', 'Statement': {" + elements + "}}";
}

}  // namespace coffer::policy
