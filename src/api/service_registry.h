// SPDX-License-Identifier: Apache-2.0
// The services that this installation serves: their models, and the way into their handlers.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/call.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::api {

// Is the operation a form's Action?
inline bool is_form_protocol(wire::Protocol protocol) {
  return protocol == wire::Protocol::kEc2 || protocol == wire::Protocol::kQuery;
}

struct Service {
  using Dispatch =
      std::function<Result<wire::Value>(std::string_view operation, Call&, const wire::Value& request)>;
  using Permission = std::function<Status(std::string_view operation, Call&, const wire::Value& request)>;

  const wire::ServiceModel* model = nullptr;
  Dispatch dispatch;  // thread-safe
  // May the caller do it? Empty where that is asked for each operation as such, on "*", or by the handlers.
  Permission authorise = {};

  std::string name() const { return std::string(model->signing_name); }
  std::string event_source() const { return name() + ".amazonaws.com"; }
  wire::Protocol protocol() const { return model->protocol; }
};

// Filled before the first request, then constant.
class ServiceRegistry {
 public:
  void add(Service service) { services_.push_back(std::move(service)); }
  // Nothing when there is none.
  const Service* by_signing_name(std::string_view name) const;
  const Service* by_target_prefix(std::string_view prefix) const;  // of X-Amz-Target
  const Service* of_version(std::string_view api_version) const;   // of those that take forms
  const Service* ec2() const;

 private:
  std::vector<Service> services_;
};

}  // namespace coffer::api
