// SPDX-License-Identifier: Apache-2.0
// `coffer volume rekey`.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/ids.h"
#include "cli/commands.h"
#include "cli/ec2_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace coffer::cli {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(250);

Result<Document> newest_rekey(const Served& served, const std::string& region, const std::string& volume_id) {
  COFFER_TRY(answer, call_ec2_patiently(served, region, "DescribeVolumeRekeys", {{"VolumeId.1", volume_id}}));
  const auto found = answer.items("volumeRekeys");
  if (found.empty()) return fail(ErrorKind::kNotFound, volume_id + " was never re-keyed");
  return found.front();
}

// Until it is completed or has failed. While it waits for a key it says so, and goes on waiting.
Result<Document> wait_for(const Served& served, const std::string& region, const std::string& volume_id) {
  Progress progress("re-keying " + volume_id);
  while (true) {
    COFFER_TRY(rekey, newest_rekey(served, region, volume_id));
    const std::string state = rekey.text("state"), message = rekey.text("statusMessage");
    progress.show(static_cast<int>(rekey.number("progress")), state == "rekeying" ? ""
                                                              : message.empty()   ? state
                                                                                  : state + ": " + message);
    if (state == "completed" || state == "failed") {
      progress.end();
      return rekey;
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace

int volume_rekey(const Common& common, const std::string& volume_id, const std::string& key, bool wait) {
  if (!is_resource_id(volume_id, "vol")) {
    complain("'" + volume_id + "' is no volume id (for example: vol-0123456789abcdef0)");
    return kUsage;
  }
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  const auto region = region_of(*served, volume_id);
  if (!region) return complain_about(region.error());
  Parameters parameters = {{"VolumeId", volume_id}};
  if (!key.empty()) parameters.emplace_back("KmsKeyId", key);
  const auto started = call_ec2(*served, *region, "RekeyVolume", parameters);
  if (!started) return complain_about(started.error());
  Document rekey = started->child("volumeRekey");
  if (wait) {
    auto ended = wait_for(*served, *region, volume_id);
    if (!ended) return complain_about(ended.error());
    rekey = std::move(*ended);
  }
  print(common.json ? rekey.pretty()
                    : printable(volume_id + " " + rekey.text("state") + ": from " +
                                rekey.text("originalKmsKeyId") + " to " + rekey.text("kmsKeyId")) +
                          "\n");
  if (rekey.text("state") != "failed") return kOk;
  complain(printable(rekey.text("statusMessage")));
  return kFailed;
}

}  // namespace coffer::cli
