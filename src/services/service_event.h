// SPDX-License-Identifier: Apache-2.0
// Audit records of what the services do by themselves, not within a call: AwsServiceEvent in CloudTrail's
// terms.
#pragma once
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "services/installation.h"

namespace coffer::services {

struct ServiceEvent {
  std::string account, region;
  std::string event_source, event_name;
  std::string request_parameters_json = {};  // empty: none
  std::vector<std::string> resource_arns = {};
  std::string on_behalf_of = {};  // the ARN of the principal whose earlier call this continues
  bool read_only = false;
  std::string invoked_by = "ec2.amazonaws.com";
  std::string error_code = {}, error_message = {};
};

Status record_service_event(Installation& installation, catalog::Transaction& transaction,
                            const ServiceEvent& event);

}  // namespace coffer::services
