// SPDX-License-Identifier: Apache-2.0
// `coffer doctor`: what this machine offers and how to mend what is missing. Needs no running installation.
#include <algorithm>

#include "cli/commands.h"
#include "cli/document.h"
#include "cli/exit_code.h"
#include "cli/machine.h"
#include "cli/output.h"

namespace coffer::cli {
namespace {

std::string as_json(const std::vector<Finding>& findings) {
  Document checks = Document::array();
  for (const Finding& finding : findings) {
    Document check;
    check.set("name", finding.name);
    check.set("ok", finding.ok);
    check.set("needed", finding.needed);
    check.set("detail", finding.detail);
    check.set("use", finding.use);
    if (!finding.mend.empty()) check.set("mend", finding.mend);
    checks.append(check);
  }
  Document document;
  document.set("checks", checks);
  return document.pretty();
}

std::string as_text(const std::vector<Finding>& findings) {
  std::vector<std::vector<std::string>> rows = {{"CHECK", "", "FOUND", "GOOD FOR"}};
  std::string mending;
  for (const Finding& finding : findings) {
    rows.push_back({finding.name, finding.ok ? "ok" : "missing", finding.detail, finding.use});
    if (finding.ok) continue;
    mending += "  " + finding.name + (finding.needed ? " (needed): " : " (optional): ") + finding.mend + "\n";
  }
  return table(rows) + (mending.empty() ? "" : "\nHow to mend what is missing:\n" + mending);
}

}  // namespace

int doctor(const Common& common) {
  const std::vector<Finding> findings = examine_machine(nearest_existing(common.data));
  print(common.json ? as_json(findings) : as_text(findings));
  const bool fit = std::all_of(findings.begin(), findings.end(),
                               [](const Finding& finding) { return finding.ok || !finding.needed; });
  return fit ? kOk : kFailed;
}

}  // namespace coffer::cli
