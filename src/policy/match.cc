// SPDX-License-Identifier: Apache-2.0
#include "policy/match.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace coffer::policy {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_continuation(char c) {
  return (static_cast<uint8_t>(c) & 0xC0) == 0x80;
}

// Where the character that starts at `at` ends.
size_t next_character(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && is_continuation(text[at])) ++at;
  return at;
}

struct Exactly {
  bool operator()(char a, char b) const { return a == b; }
};
struct IgnoringCase {
  bool operator()(char a, char b) const { return lower(a) == lower(b); }
};

// One step of a pattern that is not a * of either kind: where the text goes on, or nothing.
template <class Equal>
std::optional<size_t> step(char wanted, std::string_view text, size_t at, Equal equal) {
  if (at == text.size()) return std::nullopt;
  if (wanted == kOneCharacter) return next_character(text, at);
  if (wanted == kOneWithinSegment)
    return text[at] == ':' ? std::nullopt : std::optional(next_character(text, at));
  return equal(wanted, text[at]) ? std::optional(at + 1) : std::nullopt;
}

// Going back to the latest * suffices, since it can take what an earlier one would have.
template <class Equal>
bool matches_greedily(std::string_view pattern, std::string_view text, Equal equal) {
  size_t p = 0, t = 0;
  std::optional<size_t> star;  // the pattern after the latest *
  size_t taken = 0;            // where the text after it is tried
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == kManyCharacters) {
      star = ++p;
      taken = t;
      continue;
    }
    const auto next = p < pattern.size() ? step(pattern[p], text, t, equal) : std::nullopt;
    if (next) {
      ++p;
      t = *next;
    } else if (star && taken < text.size()) {
      t = taken = next_character(text, taken);
      p = *star;
    } else {
      return false;
    }
  }
  return true;
}

// Where a * stops at a colon, an earlier one may have to take more: all states at once, a row for each place
// in the text.
template <class Equal>
bool matches_by_rows(std::string_view pattern, std::string_view text, Equal equal) {
  std::vector<std::vector<bool>> rows(text.size() + 1);
  rows[0].resize(pattern.size() + 1);
  rows[0][0] = true;
  for (size_t t = 0; t <= text.size(); ++t) {
    auto& row = rows[t];
    if (row.empty()) continue;
    for (size_t p = 0; p < pattern.size(); ++p) {
      if (!row[p]) continue;
      const bool many = pattern[p] == kManyCharacters || pattern[p] == kManyWithinSegment;
      if (many) row[p + 1] = true;
      const auto reach = [&](size_t at, size_t state) {
        if (rows[at].empty()) rows[at].resize(pattern.size() + 1);
        rows[at][state] = true;
      };
      if (many) {
        if (t < text.size() && (pattern[p] == kManyCharacters || text[t] != ':'))
          reach(next_character(text, t), p);
      } else if (const auto next = step(pattern[p], text, t, equal)) {
        reach(*next, p + 1);
      }
    }
    if (t < text.size()) row = {};  // what was read is not needed again
  }
  return !rows.back().empty() && rows.back()[pattern.size()];
}

template <class Equal>
bool matches_by(std::string_view pattern, std::string_view text, Equal equal) {
  return pattern.find(kManyWithinSegment) == std::string_view::npos ? matches_greedily(pattern, text, equal)
                                                                    : matches_by_rows(pattern, text, equal);
}

constexpr size_t kSegments = 6;

// The six segments of an ARN, the last of which may have colons; nothing when there are fewer.
std::optional<std::array<std::string_view, kSegments>> arn_segments(std::string_view arn) {
  std::array<std::string_view, kSegments> segments;
  for (size_t i = 0; i + 1 < kSegments; ++i) {
    const size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    segments[i] = arn.substr(0, colon);
    arn.remove_prefix(colon + 1);
  }
  segments.back() = arn;
  return segments;
}

}  // namespace

bool has_wildcard_bytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) >= 0xF5; });
}

std::string wildcard_pattern(std::string_view text) {
  std::string pattern(text);
  std::replace(pattern.begin(), pattern.end(), '*', kManyCharacters);
  std::replace(pattern.begin(), pattern.end(), '?', kOneCharacter);
  return pattern;
}

std::string resource_pattern(std::string_view text) {
  if (text == "*") return std::string(1, kManyCharacters);
  std::string pattern(text);
  size_t colons = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool early = colons + 1 < kSegments;
    const bool ends_segment = i + 1 == pattern.size() || pattern[i + 1] == ':';
    if (pattern[i] == ':') ++colons;
    if (pattern[i] == '*') pattern[i] = early && !ends_segment ? kManyWithinSegment : kManyCharacters;
    if (pattern[i] == '?') pattern[i] = early ? kOneWithinSegment : kOneCharacter;
  }
  // The last * that is written may match on to the end: then nothing is missing.
  if (!pattern.empty() && pattern.back() == kManyCharacters) return pattern;
  for (; colons + 1 < kSegments; ++colons) pattern.append({':', kManyCharacters});
  return pattern;
}

bool matches(std::string_view pattern, std::string_view text) {
  return matches_by(pattern, text, Exactly());
}

bool matches_ignoring_case(std::string_view pattern, std::string_view text) {
  return matches_by(pattern, text, IgnoringCase());
}

bool matches_arn(std::string_view pattern, std::string_view arn) {
  const auto wanted = arn_segments(pattern);
  const auto given = arn_segments(arn);
  if (!wanted || !given) return false;
  for (size_t i = 0; i < kSegments; ++i)
    if (!matches((*wanted)[i], (*given)[i])) return false;
  return true;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), IgnoringCase());
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

}  // namespace coffer::policy
