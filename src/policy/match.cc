// SPDX-License-Identifier: Apache-2.0
#include "policy/match.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace coffer::policy {
namespace {

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

bool is_wildcard(char c) {
  return static_cast<uint8_t>(c) >= static_cast<uint8_t>(kOneWithinSegment);
}

constexpr size_t kNone = std::string_view::npos;

// One step of a pattern that is not a * of either kind: where the text goes on, or kNone.
template <class Equal>
size_t step(char wanted, std::string_view text, size_t at, Equal equal) {
  if (at == text.size()) return kNone;
  if (wanted == kOneCharacter) return next_character(text, at);
  if (wanted == kOneWithinSegment) return text[at] == ':' ? kNone : next_character(text, at);
  return equal(wanted, text[at]) ? at + 1 : kNone;
}

// What the pattern begins with that is no wildcard. Texts are searched for it: in UTF-8 it is found at the
// start of a character only, if it starts one itself.
std::string_view literal_start(std::string_view pattern) {
  if (pattern.empty() || is_continuation(pattern.front())) return {};
  size_t end = 0;
  while (end < pattern.size() && !is_wildcard(pattern[end])) ++end;
  return pattern.substr(0, end);
}

template <class Equal>
size_t find_from(std::string_view text, size_t from, std::string_view wanted, Equal equal) {
  if constexpr (std::is_same_v<Equal, Exactly>) return text.find(wanted, from);
  const auto* start = text.begin() + static_cast<ptrdiff_t>(from);
  const auto* found = std::search(start, text.end(), wanted.begin(), wanted.end(), equal);
  return found == text.end() && !wanted.empty() ? kNone : static_cast<size_t>(found - text.begin());
}

// Going back to the latest * suffices, since it can take what an earlier one would have.
template <class Equal>
bool matches_greedily(std::string_view pattern, std::string_view text, Equal equal) {
  size_t p = 0, t = 0;
  size_t star = kNone;       // the pattern after the latest *
  size_t taken = 0;          // where the text after it is tried
  std::string_view literal;  // what the pattern begins with there
  const auto try_from = [&](size_t from) {
    taken = find_from(text, from, literal, equal);
    if (taken == kNone) return false;
    p = star + literal.size();
    t = taken + literal.size();
    return true;
  };
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == kManyCharacters) {
      star = p + 1;
      if (star == pattern.size()) return true;
      literal = literal_start(pattern.substr(star));
      if (!try_from(t)) return false;
      continue;
    }
    const size_t next = p < pattern.size() ? step(pattern[p], text, t, equal) : kNone;
    if (next != kNone) {
      ++p;
      t = next;
    } else if (star == kNone || taken >= text.size() || !try_from(next_character(text, taken))) {
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
      } else if (const size_t next = step(pattern[p], text, t, equal); next != kNone) {
        reach(next, p + 1);
      }
    }
    if (t < text.size()) row = {};  // what was read is not needed again
  }
  return !rows.back().empty() && rows.back()[pattern.size()];
}

// Most patterns differ from most texts before their first wildcard.
template <class Equal>
bool matches_by(std::string_view pattern, std::string_view text, Equal equal) {
  size_t same = 0;
  for (; same < pattern.size() && !is_wildcard(pattern[same]); ++same)
    if (same == text.size() || !equal(pattern[same], text[same])) return false;
  if (same == pattern.size()) return same == text.size();
  pattern.remove_prefix(same);
  text.remove_prefix(same);
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
  for (char& c : result) c = lower(c);
  return result;
}

}  // namespace coffer::policy
