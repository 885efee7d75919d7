// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/names.h"

#include <fmt/format.h>

#include "wire/http.h"

namespace coffer::services::organizations {
namespace {

// Letters and digits, all of them as likely.
std::string random_word(Random& random, size_t size) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr uint8_t kTooLarge = 256 / kLetters.size() * kLetters.size();
  std::string word;
  while (word.size() < size) {
    uint8_t byte = 0;
    random.fill({&byte, 1});
    if (byte < kTooLarge) word += kLetters[byte % kLetters.size()];
  }
  return word;
}

std::string arn_of(const Organization& organization, std::string_view kind, std::string_view rest) {
  return fmt::format("arn:aws:organizations::{}:{}/{}{}", organization.management_account, kind,
                     organization.id, rest);
}

}  // namespace

std::string make_organization_id(Random& random) {
  return "o-" + random_word(random, 10);
}
std::string make_root_id(Random& random) {
  return "r-" + random_word(random, 4);
}
std::string make_unit_id(Random& random, const std::string& root_id) {
  return fmt::format("ou-{}-{}", root_id.substr(2), random_word(random, 8));
}
std::string make_policy_id(Random& random) {
  return "p-" + random_word(random, 8);
}
std::string make_creation_id(Random& random) {
  return "car-" + random_word(random, 32);
}
std::string make_handshake_id(Random& random) {
  return "h-" + random_word(random, 10);
}
std::string make_resource_policy_id(Random& random) {
  return "rp-" + random_word(random, 8);
}

std::string organization_arn(const Organization& organization) {
  return arn_of(organization, "organization", "");
}
std::string root_arn(const Organization& organization) {
  return arn_of(organization, "root", "/" + organization.root_id);
}
std::string unit_arn(const Organization& organization, const std::string& id) {
  return arn_of(organization, "ou", "/" + id);
}
std::string account_arn(const Organization& organization, const std::string& account) {
  return arn_of(organization, "account", "/" + account);
}
std::string policy_arn(const Organization& organization, std::string_view type, const std::string& id) {
  return arn_of(organization, "policy", fmt::format("/{}/{}", wire::lower_case(type), id));
}
std::string managed_policy_arn(std::string_view type, std::string_view id) {
  return fmt::format("arn:aws:organizations::aws:policy/{}/{}", wire::lower_case(type), id);
}
std::string handshake_arn(const Organization& organization, const std::string& id) {
  return arn_of(organization, "handshake", "/invite/" + id);
}
std::string resource_policy_arn(const Organization& organization, const std::string& id) {
  return arn_of(organization, "resourcepolicy", id == "rp-" ? "/*" : "/" + id);
}
std::string target_arn(const Organization& organization, const std::string& id) {
  if (is_root_id(id)) return arn_of(organization, "root", "/" + id);
  return is_unit_id(id) ? unit_arn(organization, id) : account_arn(organization, id);
}

}  // namespace coffer::services::organizations
