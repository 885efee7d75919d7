// SPDX-License-Identifier: Apache-2.0
#include "services/service_event.h"

#include "base/ids.h"
#include "trail/record.h"

namespace coffer::services {

Status record_service_event(Installation& installation, catalog::Transaction& transaction,
                            const ServiceEvent& event) {
  trail::Record record;
  record.time = installation.clock.now();
  record.event_id = make_time_ordered_uuid(installation.random, record.time);
  record.event_source = event.event_source;
  record.event_name = event.event_name;
  record.region = event.region;
  record.source_ip_address = event.invoked_by;
  record.user_agent = event.invoked_by;
  record.identity.type = "AWSService";
  record.identity.invoked_by = event.invoked_by;
  record.identity.arn = event.on_behalf_of;
  record.error_code = event.error_code;
  record.error_message = event.error_message;
  if (!event.request_parameters_json.empty()) record.request_parameters = event.request_parameters_json;
  record.read_only = event.read_only;
  record.resource_arns = event.resource_arns;
  record.recipient_account_id = event.account;
  const catalog::TrailEvent row{record.event_id,    event.account,    event.region,          record.time,
                                event.event_source, event.event_name, trail::to_json(record)};
  COFFER_CHECK(transaction.append_trail(row));
  if (event.error_code.empty())
    installation.key_usage->note(event.event_name, event.resource_arns, row, record.event_id);
  return {};
}

}  // namespace coffer::services
