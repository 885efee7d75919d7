// SPDX-License-Identifier: Apache-2.0
// What the exit status of `coffer` means; docs/CLI.md repeats it for scripts. `coffer exec` ends with the
// status of the program that it became.
#pragma once

namespace coffer::cli {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,      // it was tried and went wrong
  kUsage = 2,       // the command line, or a start that the state of DIR forbids
  kNotRunning = 3,  // no `coffer up` serves this data folder
  kRefused = 4,     // the installation said no: not found, not allowed, in the wrong state
};

}  // namespace coffer::cli
