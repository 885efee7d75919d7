// SPDX-License-Identifier: Apache-2.0
#include "api/failpoint.h"

#include <csignal>

#include "base/disk.h"

namespace coffer::api {

void Failpoint::after_commit(const std::string& operation) const {
  if (path_.empty()) return;
  const auto contents = read_file(system_disk(), path_, 1024);
  if (!contents) return;
  std::string_view wish = as_text(*contents);
  while (wish.ends_with('\n')) wish.remove_suffix(1);
  if (wish != "after-commit " + operation) return;
  if (system_disk().remove(path_)) ::raise(SIGKILL);
}

}  // namespace coffer::api
