// SPDX-License-Identifier: Apache-2.0
// `coffer trail`: the newest audit records, oldest of them first.
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace coffer::cli {
namespace {

std::string who(const Document& record) {
  if (std::string arn = record.text("userIdentity.arn"); !arn.empty()) return arn;
  const std::string name = record.text("userIdentity.userName");
  const std::string service = record.text("userIdentity.invokedBy");
  return record.text("userIdentity.type") + (name.empty() ? "" : " " + name) +
         (service.empty() ? "" : " " + service);
}

// The key or volume that the call was about; empty where it was about several or none.
std::string on_what(const Document& record) {
  if (const auto resources = record.items("resources"); resources.size() == 1) {
    const std::string arn = resources.front().text("ARN");
    return arn.substr(arn.rfind(':') + 1);
  }
  for (const char* member :
       {"responseElements.volumeId", "requestParameters.volumeId", "requestParameters.keyId"})
    if (std::string id = record.text(member); !id.empty()) return id;
  return {};
}

}  // namespace

int trail(const Common& common, int newest) {
  auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "trail");
  request.set("newest", int64_t{newest});
  auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  if (common.json) {
    print(answer->pretty());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows = {{"TIME", "REGION", "SERVICE", "EVENT", "ON", "WHO", "ERROR"}};
  for (const Document& record : answer->items("records")) {
    const std::string source = record.text("eventSource");
    rows.push_back({record.text("eventTime"), record.text("awsRegion"), source.substr(0, source.find('.')),
                    record.text("eventName"), on_what(record), who(record), record.text("errorCode")});
  }
  print(table(rows));
  return kOk;
}

}  // namespace coffer::cli
