// SPDX-License-Identifier: Apache-2.0
// `coffer env`: shell exports, for `eval "$(coffer env)"`.
#include "cli/client_site.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace coffer::cli {

int env(const Common& common, const std::string& region) {
  auto site = read_client_site(common.data, region);
  if (!site) return complain_about(site.error());
  Document document;
  std::string lines;
  for (const auto& [name, value] : exported_variables(*site)) {
    document.set(name, value);
    lines += "export " + name + "=" + shell_quoted(value) + "\n";
  }
  print(common.json ? document.pretty() : lines);
  return kOk;
}

}  // namespace coffer::cli
