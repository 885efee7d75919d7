// SPDX-License-Identifier: Apache-2.0
// Starts coffer-sealer for a key store, as the supervisor does, and remembers which processes there were.
#pragma once
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <vector>

#include "base/packet_channel.h"

namespace coffer {

class KeyStoreStarter {
 public:
  ~KeyStoreStarter() {
    for (const pid_t pid : pids_) {
      ::kill(pid, SIGCONT);  // one that was stopped sees that its channel is closed
      ::waitpid(pid, nullptr, 0);
    }
  }
  Result<FileDescriptor> start() {
    COFFER_TRY(pair, make_channel_pair());
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pair.second.get(), 3);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    const char* program = COFFER_BUILD_DIR "/coffer-sealer";
    char* const words[] = {const_cast<char*>(program), const_cast<char*>("--key-store"), nullptr};
    pid_t pid = -1;
    const int code = ::posix_spawn(&pid, program, &actions, nullptr, words, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (code != 0) return fail(ErrorKind::kUnavailable, program);
    pids_.push_back(pid);
    return std::move(pair.first);
  }
  size_t started() const { return pids_.size(); }
  void signal_newest(int signal) const { ::kill(pids_.back(), signal); }
  bool newest_ends() const { return ::waitpid(pids_.back(), nullptr, 0) == pids_.back(); }

 private:
  std::vector<pid_t> pids_;
};

}  // namespace coffer
