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

// A set of places in a pattern, a bit each.
class Places {
 public:
  explicit Places(size_t count) : words_(count / 64 + 1) {}
  void add(size_t place) { words_[place / 64] |= uint64_t{1} << (place % 64); }
  bool has(size_t place) const { return (words_[place / 64] >> (place % 64) & 1) != 0; }
  bool empty() const {
    return std::all_of(words_.begin(), words_.end(), [](uint64_t word) { return word == 0; });
  }
  // Those of this set and of `chosen`, each moved on by `steps` (0 or 1), are added to `into`. Tells whether
  // that made it larger.
  bool move(const Places& chosen, size_t steps, Places& into) const {
    bool grown = false;
    uint64_t carried = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      const uint64_t moving = words_[i] & chosen.words_[i];
      const uint64_t moved = steps == 0 ? moving : moving << 1 | carried;
      carried = moving >> 63;
      grown = grown || (moved & ~into.words_[i]) != 0;
      into.words_[i] |= moved;
    }
    return grown;
  }

 private:
  std::vector<uint64_t> words_;
};

// Where a * stops at a colon, an earlier one may have to take more: all places at once that the text so far
// may have led to, in time proportional to the lengths' product by 64.
template <class Equal>
class AllPlaces {
 public:
  AllPlaces(std::string_view pattern, Equal equal)
      : pattern_(pattern), equal_(equal), stars_(size()), many_(size()), one_(size()), one_within_(size()) {
    for (size_t p = 0; p < pattern.size(); ++p) {
      if (pattern[p] == kManyCharacters) many_.add(p);
      if (pattern[p] == kManyCharacters || pattern[p] == kManyWithinSegment) stars_.add(p);
      if (pattern[p] == kOneCharacter) one_.add(p);
      if (pattern[p] == kOneCharacter || pattern[p] == kOneWithinSegment) one_within_.add(p);
    }
  }

  bool match(std::string_view text) {
    Places here(size()), after_character(size());
    here.add(0);
    skip_stars(here);
    for (size_t t = 0; t < text.size(); ++t) {
      const bool colon = text[t] == ':';
      Places next(size());
      here.move(colon ? many_ : stars_, 0, after_character);
      here.move(colon ? one_ : one_within_, 1, after_character);
      here.move(places_of(text[t]), 1, next);
      // Wildcards take whole characters.
      if (t + 1 == text.size() || !is_continuation(text[t + 1])) {
        after_character.move(after_character, 0, next);
        after_character = Places(size());
      }
      skip_stars(next);
      here = std::move(next);
      if (here.empty() && after_character.empty()) return false;
    }
    return here.has(pattern_.size());
  }

 private:
  size_t size() const { return pattern_.size() + 1; }
  // A * may take nothing.
  void skip_stars(Places& places) const {
    while (places.move(stars_, 1, places)) {
    }
  }
  const Places& places_of(char c) {
    auto& known = literals_.at(static_cast<uint8_t>(c));
    if (known) return *known;
    known.emplace(size());
    for (size_t p = 0; p < pattern_.size(); ++p)
      if (!is_wildcard(pattern_[p]) && equal_(pattern_[p], c)) known->add(p);
    return *known;
  }

  const std::string_view pattern_;
  const Equal equal_;
  Places stars_, many_, one_, one_within_;
  std::array<std::optional<Places>, 256> literals_;
};

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
                                                                    : AllPlaces(pattern, equal).match(text);
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
