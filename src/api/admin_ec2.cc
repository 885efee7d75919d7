// SPDX-License-Identifier: Apache-2.0
// ec2: an operation of the EC2 API for the installation's owner, without a signature:
//   {"command":"ec2","action":"RekeyVolume","region":"us-west-2","parameters":["VolumeId=vol-…"]}
// The parameters are those of EC2's forms, not encoded; the result is the operation's answer.
#include <algorithm>

#include "api/admin_call.h"
#include "api/pipeline.h"

namespace coffer::api {
namespace {

tl::unexpected<Error> malformed() {
  return fail(ErrorKind::kInvalidArgument, "parameters is a list of texts, NAME=VALUE each");
}

}  // namespace

Result<std::string> ec2_call(AdminCall& call) {
  const auto& regions = call.installation.regions;
  Pipeline::LocalRequest request;
  request.operation = call.text("action");
  request.region = call.text("region").empty() ? regions.front() : call.text("region");
  request.origin = {"local", "coffer"};
  if (call.pipeline == nullptr) return fail(ErrorKind::kUnavailable, "the EC2 API is not served");
  if (std::ranges::count(regions, request.region) == 0)
    return fail(ErrorKind::kInvalidArgument, "the region " + request.region + " is not installed",
                "InvalidParameterValue");
  if (const auto found = call.request.find("parameters"); found != call.request.end()) {
    if (!found->is_array()) return malformed();
    for (const auto& each : *found) {
      const std::string text = each.is_string() ? each.get<std::string>() : "";
      const size_t equals = text.find('=');
      if (equals == std::string::npos) return malformed();
      request.parameters.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  COFFER_TRY(answer, call.pipeline->serve_locally(call.principal, request));
  return success_line(Json::parse(answer, nullptr, false));
}

}  // namespace coffer::api
