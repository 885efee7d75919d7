// SPDX-License-Identifier: Apache-2.0
// `coffer status`: what apid knows, what the supervisor noted, and what only this command can see (where the
// seal's key lies).
#include <sstream>

#include "base/process_hardening.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/exit_code.h"
#include "cli/machine.h"
#include "cli/output.h"
#include "cli/run_folder.h"
#include "cli/seal_file.h"

namespace coffer::cli {
namespace {

Document processes_from(const std::string& note) {
  Document processes = Document::array();
  std::istringstream lines(note);
  std::string name, state;
  int64_t pid = 0, restarts = 0;
  while (lines >> name >> pid >> state >> restarts) {
    Document process;
    process.set("name", name);
    process.set("pid", pid);
    process.set("state", pid == 0 ? std::string_view("down") : std::string_view(state));
    process.set("restarts", restarts);
    processes.append(process);
  }
  return processes;
}

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string process_table(const Document& status) {
  std::vector<std::vector<std::string>> rows = {{"PROCESS", "PID", "STATE", "RESTARTS"}};
  for (const Document& process : status.items("processes"))
    rows.push_back(
        {process.text("name"), process.text("pid"), process.text("state"), process.text("restarts")});
  return table(rows);
}

std::string attachment_table(const Document& status) {
  std::vector<std::vector<std::string>> rows = {{"VOLUME", "DEVICE", "STATE", "NBD"}};
  for (const Document& attachment : status.items("attachments"))
    rows.push_back({attachment.text("volume_id"), or_dash(attachment.text("device")),
                    or_dash(attachment.text("state")), or_dash(attachment.text("uri"))});
  return rows.size() == 1 ? std::string() : "\n" + table(rows);
}

std::string seal_of(const Document& status) {
  const std::string seal = status.text("keyd.seal"), file = status.text("seal_file");
  return file.empty() || seal.find(file) != std::string::npos ? or_dash(seal)
                                                              : or_dash(seal) + " (" + file + ")";
}

// "vpce-ID/vpc-ID URL" a line.
std::vector<std::string> lines_of(const std::string& note) {
  std::vector<std::string> lines;
  std::istringstream text(note);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::string continuous_backup_of(const Document& status) {
  if (!status.flag("continuous_backup.on")) return "-";
  return status.text("continuous_backup.target") +
         (status.flag("continuous_backup.connected") ? "" : " (its command does not run)");
}

std::string readable(const Document& status) {
  std::string text = table({
      {"endpoint", status.text("endpoint")},
      {"VPC endpoints", or_dash(joined(status.texts("vpc_endpoints")))},
      {"account", status.text("account")},
      {"regions", joined(status.texts("regions"))},
      {"host", status.text("host_id")},
      {"seal", seal_of(status)},
      {"key memory", or_dash(status.text("keyd.arena")) + " in keyd, " +
                         or_dash(status.text("volumed.arena")) + " in volumed"},
      {"domain key", "version " + or_dash(status.text("keyd.domain_key_version"))},
      {"cipher", or_dash(status.text("volumed.cipher"))},
      {"io", or_dash(status.text("volumed.io"))},
      {"keys", status.text("counts.keys")},
      {"volumes", status.text("counts.volumes") + ", " + status.text("counts.attachments") + " attached"},
      {"accounts", status.text("counts.accounts")},
      {"continuous backup", continuous_backup_of(status)},
  });
  if (status.flag("development")) text += "This is a development installation.\n";
  text += "\n" + process_table(status) + attachment_table(status);
  for (const std::string& warning : status.texts("warnings"))
    text += "\nwarning: " + printable(warning) + "\n";
  return text;
}

}  // namespace

int status(const Common& common) {
  (void)forbid_core_dumps();  // the seal's key is read
  auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  auto installation = read_installation(served->folder);
  if (!installation) return complain_about(installation.error());
  Document request;
  request.set("command", "status");
  auto answer = ask(*served, request);
  // Without apid there is still something to say.
  Document status = answer ? *answer : Document();
  std::vector<std::string> warnings = status.texts("warnings");
  if (!answer) {
    warnings.push_back(answer.error().message);
    status.set("account", installation->account);
    status.set("regions", installation->regions);
    status.set("host_id", installation->host_id);
  }
  for (std::string& warning : seal_file_warnings(served->folder, *installation))
    warnings.push_back(std::move(warning));
  if (std::string warning = space_warning(served->folder); !warning.empty())
    warnings.push_back(std::move(warning));
  status.set("endpoint", read_note(served->run_folder, "endpoint"));
  status.set("vpc_endpoints", lines_of(read_note(served->run_folder, "vpc-endpoints")));
  status.set("seal_file", seal_file_in_force(served->folder, *installation));
  status.set("processes", processes_from(read_note(served->run_folder, "processes")));
  status.set("warnings", warnings);
  print(common.json ? status.pretty() : readable(status));
  return answer ? kOk : kFailed;
}

}  // namespace coffer::cli
