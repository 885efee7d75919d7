// SPDX-License-Identifier: Apache-2.0
#include "cli/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace coffer::cli {
namespace {

constexpr int kChannelDescriptor = 3;
constexpr int kLockDescriptor = 4;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// Between fork and exec; never returns.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, int channel,
                         int lock, pid_t parent) {
  const auto give_up = [&](const char* what) {
    const char* parts[] = {"coffer: cannot start ", program, ": ", what, ": ", std::strerror(errno), "\n"};
    for (const char* part : parts)
      if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
    ::_exit(127);
  };
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Out of the way first: either may be 3 or 4 already.
  const int high_channel = ::fcntl(channel, F_DUPFD_CLOEXEC, 10);
  const int high_lock = lock < 0 ? -1 : ::fcntl(lock, F_DUPFD_CLOEXEC, 10);
  if (null < 0 || high_channel < 0 || ::dup2(null, STDIN_FILENO) < 0 ||
      ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || ::dup2(high_channel, kChannelDescriptor) < 0 ||
      (high_lock >= 0 && ::dup2(high_lock, kLockDescriptor) < 0))
    give_up("descriptors");
  ::syscall(SYS_close_range, high_lock >= 0 ? kLockDescriptor + 1 : kChannelDescriptor + 1, ~0U, 0);
  ::execve(program, arguments, environment);
  give_up("exec");
  ::_exit(127);
}

}  // namespace

Result<ChildProcess> start_child(const ChildCommand& command) {
  COFFER_TRY(pair, make_channel_pair());
  // A daemon that has stopped reading must not stop the supervisor.
  const timeval patience{5, 0};
  ::setsockopt(pair.first.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::vector<std::string> arguments = {command.program};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(command.environment);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("fork");
  if (pid == 0)
    become(command.program.c_str(), argument_pointers.data(), environment_pointers.data(), pair.second.get(),
           command.lock_descriptor, parent);
  return ChildProcess{pid, std::move(pair.first)};
}

std::vector<std::string> daemon_environment(char** environment) {
  constexpr std::string_view kNames[] = {"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"};
  constexpr std::string_view kPrefixes[] = {"LC_", "COFFER_"};
  // Calls of many connections wait on one thread at the same time, each with its own small objects. The usual
  // seven of a size that malloc keeps for a thread are too few: it would take a tenth of a call's time.
  std::vector<std::string> kept = {"GLIBC_TUNABLES=glibc.malloc.tcache_count=1000"};
  for (char** entry = environment; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool wanted = std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) ||
                        std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                                    [&](std::string_view prefix) { return name.starts_with(prefix); }) ||
                        name.ends_with("SAN_OPTIONS");
    if (wanted) kept.emplace_back(text);
  }
  return kept;
}

}  // namespace coffer::cli
