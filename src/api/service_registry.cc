// SPDX-License-Identifier: Apache-2.0
#include "api/service_registry.h"

#include <algorithm>

namespace coffer::api {
namespace {

template <class Matches>
const Service* find(const std::vector<Service>& services, Matches matches) {
  const auto found = std::ranges::find_if(services, matches);
  return found == services.end() ? nullptr : &*found;
}

}  // namespace

const Service* ServiceRegistry::by_signing_name(std::string_view name) const {
  return find(services_, [&](const Service& service) { return service.model->signing_name == name; });
}

const Service* ServiceRegistry::by_target_prefix(std::string_view prefix) const {
  return find(services_, [&](const Service& service) {
    return !service.model->target_prefix.empty() && service.model->target_prefix == prefix;
  });
}

const Service* ServiceRegistry::of_version(std::string_view api_version) const {
  return find(services_, [&](const Service& service) {
    return is_form_protocol(service.protocol()) && service.model->api_version == api_version;
  });
}

const Service* ServiceRegistry::ec2() const {
  return find(services_,
              [](const Service& service) { return service.model->protocol == wire::Protocol::kEc2; });
}

}  // namespace coffer::api
