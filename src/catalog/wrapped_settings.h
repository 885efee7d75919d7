// SPDX-License-Identifier: Apache-2.0
// Settings that hold what keyd has wrapped under its domain key, in base64. They are read as any setting, and
// written by Transaction::set_wrapped_setting alone.
#pragma once
#include <string_view>

namespace coffer::catalog {

struct WrappedSetting {
  const char* name;
  enum class Form { kToken, kSecret } form;  // format/backing_key_token.h, format/wrapped_secret.h
};

inline constexpr WrappedSetting kBlockTokenBackingKey{"block_token_backing_key",
                                                      WrappedSetting::Form::kToken};
inline constexpr WrappedSetting kAuthorityPrivateKey{"ca_wrapped_private_key", WrappedSetting::Form::kSecret};

inline constexpr WrappedSetting kWrappedSettings[] = {kBlockTokenBackingKey, kAuthorityPrivateKey};

constexpr bool is_wrapped_setting(std::string_view name) {
  for (const WrappedSetting& setting : kWrappedSettings)
    if (name == setting.name) return true;
  return false;
}

}  // namespace coffer::catalog
