// SPDX-License-Identifier: Apache-2.0
#include "wire/pattern.h"

#include <map>
#include <memory>
#include <mutex>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace coffer::wire {
namespace {

constexpr uint32_t kMostSteps = 1'000'000;
constexpr uint32_t kMostHeapKib = 16 << 10;

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

Code compile(std::string_view pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  return Code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                            PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &offset,
                            nullptr));
}

// Null for a pattern that cannot be compiled. Compiled code is read-only and may be shared by threads.
const pcre2_code* compiled(std::string_view pattern) {
  static std::mutex mutex;
  static std::map<std::string_view, Code> cache;
  const std::lock_guard lock(mutex);
  const auto [entry, added] = cache.try_emplace(pattern);
  if (added) entry->second = compile(pattern);
  return entry->second.get();
}

}  // namespace

PatternMatch match_pattern(std::string_view pattern, std::string_view text) {
  const auto* code = compiled(pattern);
  if (code == nullptr) return PatternMatch::kBadPattern;
  const std::unique_ptr<pcre2_match_data, FreeMatchData> data(pcre2_match_data_create(1, nullptr));
  const std::unique_ptr<pcre2_match_context, FreeContext> context(pcre2_match_context_create(nullptr));
  if (!data || !context) return PatternMatch::kDiffers;
  pcre2_set_match_limit(context.get(), kMostSteps);
  pcre2_set_heap_limit(context.get(), kMostHeapKib);
  const int matched = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                  data.get(), context.get());
  return matched >= 0 ? PatternMatch::kMatches : PatternMatch::kDiffers;
}

}  // namespace coffer::wire
