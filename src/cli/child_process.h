// SPDX-License-Identifier: Apache-2.0
// Starting one of Coffer's daemons (src/daemon/README.md): what it inherits and what it does not.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/packet_channel.h"
#include "base/result.h"

namespace coffer::cli {

struct ChildCommand {
  std::string program;                   // path
  std::vector<std::string> arguments;    // without argv[0]; never a secret: anyone can read them
  std::vector<std::string> environment;  // "NAME=value"
  int lock_descriptor = -1;              // becomes descriptor 4
};

struct ChildProcess {
  pid_t pid = 0;
  FileDescriptor channel;  // the supervisor's end; sends time out rather than block for ever
};

// The child has /dev/null as standard input, our standard error also as its standard output, the channel as
// descriptor 3, the lock as 4 and nothing else; a process group of its own, so that Ctrl-C reaches the
// supervisor alone; and it gets SIGTERM when we die. Single-threaded callers only.
Result<ChildProcess> start_child(const ChildCommand& command);

// Of `environment`, what a daemon may see. Credentials, proxies and loader settings are not among it;
// how malloc is to be set for them is.
std::vector<std::string> daemon_environment(char** environment);

}  // namespace coffer::cli
