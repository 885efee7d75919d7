// SPDX-License-Identifier: Apache-2.0
// Wildcards as IAM's documentation tells them, by plain recursion: what the fuzz targets hold the product's
// matchers against. Source: IAM User Guide, "IAM JSON policy elements: Resource" and "Condition operators".
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace coffer::fuzz {

// One character of a pattern.
struct NaiveStep {
  enum Kind { kLiteral, kOne, kMany } kind = kLiteral;
  bool crosses_colons = true;  // of a wildcard
  char literal = 0;
};
using NaivePattern = std::vector<NaiveStep>;

inline NaiveStep wildcard_step(char c, bool crosses_colons) {
  return {c == '*' ? NaiveStep::kMany : NaiveStep::kOne, crosses_colons, c};
}

// * and ? anywhere.
inline NaivePattern naive_wildcards(std::string_view written) {
  NaivePattern pattern;
  for (const char c : written)
    pattern.push_back(c == '*' || c == '?' ? wildcard_step(c, true)
                                           : NaiveStep{NaiveStep::kLiteral, true, c});
  return pattern;
}

// Of a Resource element: before the fifth colon ? and * stay in their segment, but for a * that ends it. A
// pattern that ends with a * that crosses, or has six segments, is whole; any other goes on with ":*".
inline NaivePattern naive_resource(std::string_view written) {
  NaivePattern pattern;
  if (written == "*") return naive_wildcards(written);
  int colons = 0;
  for (size_t i = 0; i < written.size(); ++i) {
    const char c = written[i];
    if (c == ':') ++colons;
    const bool ends = i + 1 == written.size() || written[i + 1] == ':';
    if (c == '*' || c == '?')
      pattern.push_back(wildcard_step(c, colons >= 5 || (c == '*' && ends)));
    else
      pattern.push_back({NaiveStep::kLiteral, true, c});
  }
  if (written.empty() || written.back() != '*')
    for (; colons < 5; ++colons) {
      pattern.push_back({NaiveStep::kLiteral, true, ':'});
      pattern.push_back(wildcard_step('*', true));
    }
  return pattern;
}

// ? is a character, which UTF-8 may write in several bytes.
inline size_t naive_next(std::string_view text, size_t at) {
  do ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

class NaiveMatcher {
 public:
  NaiveMatcher(const NaivePattern& pattern, std::string_view text)
      : pattern_(pattern), text_(text), known_((pattern.size() + 1) * (text.size() + 1)) {}

  bool from(size_t p = 0, size_t t = 0) {
    char& known = known_[p * (text_.size() + 1) + t];
    if (known == 0) known = find(p, t) ? 'y' : 'n';
    return known == 'y';
  }

 private:
  bool find(size_t p, size_t t) {
    if (p == pattern_.size()) return t == text_.size();
    const NaiveStep& step = pattern_[p];
    const bool takes =
        t < text_.size() && (step.kind == NaiveStep::kLiteral ? text_[t] == step.literal
                                                              : step.crosses_colons || text_[t] != ':');
    switch (step.kind) {
      case NaiveStep::kLiteral:
        return takes && from(p + 1, t + 1);
      case NaiveStep::kOne:
        return takes && from(p + 1, naive_next(text_, t));
      case NaiveStep::kMany:
        return from(p + 1, t) || (takes && from(p, naive_next(text_, t)));
    }
    return false;
  }

  const NaivePattern& pattern_;
  std::string_view text_;
  std::vector<char> known_;  // 'y' or 'n' for each pair of places, once asked
};

inline bool naive_match(const NaivePattern& pattern, std::string_view text) {
  return NaiveMatcher(pattern, text).from();
}

}  // namespace coffer::fuzz
