// SPDX-License-Identifier: Apache-2.0
// `coffer exec`: becomes any AWS program, unmodified, with this installation as its AWS.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/client_site.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

extern char** environ;

namespace coffer::cli {

int exec(const Common& common, const std::string& region, const std::vector<std::string>& command) {
  auto site = read_client_site(common.data, region);
  if (!site) return complain_about(site.error());
  std::vector<std::string> inherited;
  for (char** entry = environ; *entry != nullptr; ++entry) inherited.emplace_back(*entry);
  std::vector<std::string> environment = exec_environment(inherited, *site);
  std::vector<char*> variables, arguments;
  for (std::string& entry : environment) variables.push_back(entry.data());
  variables.push_back(nullptr);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvpe(arguments[0], arguments.data(), variables.data());
  const int error = errno;
  complain("cannot run " + command[0] + ": " + std::strerror(error));
  return error == ENOENT ? 127 : 126;
}

}  // namespace coffer::cli
