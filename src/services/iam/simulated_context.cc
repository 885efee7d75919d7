// SPDX-License-Identifier: Apache-2.0
#include "services/iam/simulated_context.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "policy/operand.h"
#include "services/iam/entities.h"

namespace coffer::services::iam {
namespace {

// "numericList" says of each value what "numeric" does. Without a type they are taken as texts.
std::string_view kind_of(const api::ContextEntry& entry) {
  if (!entry.context_key_type) return "string";
  std::string_view type = *entry.context_key_type;
  constexpr std::string_view kList = "List";
  if (type.ends_with(kList)) type.remove_suffix(kList.size());
  return type;
}

// As the context has it, where a binary value is its bytes; nothing for what is not of that kind.
std::optional<std::string> value_of(std::string_view kind, const std::string& text) {
  if (kind == "binary") {
    const auto bytes = from_base64(text);
    return bytes ? std::optional(std::string(as_text(*bytes))) : std::nullopt;
  }
  const bool fits = kind == "numeric"   ? policy::read_number(text).has_value()
                    : kind == "boolean" ? policy::read_boolean(text).has_value()
                    : kind == "ip"      ? policy::read_network(text).has_value()
                    : kind == "date"    ? policy::read_date(text).has_value()
                                        : true;
  return fits ? std::optional(text) : std::nullopt;
}

}  // namespace

Status add_context_entries(const std::vector<api::ContextEntry>& entries, policy::Context& context) {
  for (const auto& entry : entries) {
    if (!entry.context_key_name) return invalid_input("A context entry has no ContextKeyName.");
    policy::Context::Values values;
    for (const auto& text : entry.context_key_values.value_or(std::vector<std::string>())) {
      auto value = value_of(kind_of(entry), text);
      if (!value)
        return invalid_input(fmt::format("The value {} of the context key {} is not of the type {}.", text,
                                         *entry.context_key_name, *entry.context_key_type));
      values.push_back(std::move(*value));
    }
    context.set(*entry.context_key_name, values);
  }
  return {};
}

}  // namespace coffer::services::iam
