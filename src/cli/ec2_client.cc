// SPDX-License-Identifier: Apache-2.0
#include "cli/ec2_client.h"

#include <chrono>
#include <thread>

namespace coffer::cli {
namespace {

constexpr int kPatientTries = 60;
constexpr auto kBetweenTries = std::chrono::milliseconds(500);

}  // namespace

Result<Document> call_ec2(const Served& served, const std::string& region, std::string_view action,
                          const Parameters& parameters) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : parameters) texts.push_back(name + "=" + value);
  Document request;
  request.set("command", "ec2");
  request.set("action", action);
  if (!region.empty()) request.set("region", region);
  request.set("parameters", texts);
  return ask(served, request);
}

Result<std::string> region_of(const Served& served, const std::string& id) {
  Document request;
  request.set("command", "volume-why");
  request.set("volume_id", id);
  COFFER_TRY(answer, ask(served, request));
  return answer.text("region");
}

Result<Document> call_ec2_patiently(const Served& served, const std::string& region, std::string_view action,
                                    const Parameters& parameters) {
  for (int tries = 1;; ++tries) {
    auto answer = call_ec2(served, region, action, parameters);
    if (answer || answer.error().kind != ErrorKind::kUnavailable || tries == kPatientTries) return answer;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace coffer::cli
