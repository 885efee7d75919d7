// SPDX-License-Identifier: Apache-2.0
// `coffer volume uri`, `coffer volume why` and `coffer volume dm-table`.
#include "base/ids.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/stored_chain.h"

namespace coffer::cli {
namespace {

Result<Document> ask_about_volume(const Common& common, std::string_view command,
                                  const std::string& volume_id) {
  const bool about_any = command == "volume-why" && is_resource_id(volume_id, "snap");
  if (!is_resource_id(volume_id, "vol") && !about_any)
    return fail(ErrorKind::kInvalidArgument,
                "'" + volume_id + "' is no volume id (for example: vol-0123456789abcdef0)");
  COFFER_TRY(served, find_served(common.data));
  Document request;
  request.set("command", command);
  request.set("volume_id", volume_id);
  return ask(served, request);
}

// What only DecodeAuthorizationMessage can read fills pages; --json has it.
std::string without_encoded(std::string message) {
  const size_t encoded = message.find(". Encoded authorization failure message: ");
  if (encoded == std::string::npos) return message;
  return message.substr(0, encoded) +
         ". (--json shows the encoded message, for sts decode-authorization-message.)";
}

}  // namespace

int volume_uri(const Common& common, const std::string& volume_id) {
  auto answer = ask_about_volume(common, "volume-uri", volume_id);
  if (!answer) return complain_about(answer.error());
  print(common.json ? answer->pretty() : answer->text("uri") + "\n");
  return kOk;
}

int volume_why(const Common& common, const std::string& volume_id) {
  auto answer = ask_about_volume(common, "volume-why", volume_id);
  if (!answer) return complain_about(answer.error());
  if (common.json) {
    print(answer->pretty());
    return kOk;
  }
  const Document told = answer->printable();
  std::string text = volume_id + " is " + told.text("state");
  if (!told.text("since").empty()) text += " since " + told.text("since");
  text += "\n";
  if (!told.text("code").empty()) text += told.text("code") + ": ";
  text += told.text("message").empty() ? "nothing failed\n" : without_encoded(told.text("message")) + "\n";
  print(text);
  return kOk;
}

int volume_dm_table(const Common& common, const std::string& id, const std::vector<std::string>& devices) {
  LayerDevices named;
  for (const std::string& device : devices) {
    const size_t equals = device.find('=');
    if (equals == std::string::npos) {
      complain("--device takes LAYER-ID=/dev/…, not '" + device + "'");
      return kUsage;
    }
    named[device.substr(0, equals)].push_back(device.substr(equals + 1));
  }
  const auto folder = find_data_folder(common.data);
  if (!folder) return complain_about(folder.error());
  const auto table = stored_dm_table(system_disk(), *folder + "/volumes", id, named);
  if (!table) return complain_about(table.error());
  print(*table);
  if (is_served(*folder))
    complain(
        "this folder is in use: the table shows what was flushed by now. Detach the volume before you open "
        "it.");
  return kOk;
}

}  // namespace coffer::cli
