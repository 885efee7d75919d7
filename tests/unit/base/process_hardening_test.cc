// SPDX-License-Identifier: Apache-2.0
#include "base/process_hardening.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

namespace coffer {
namespace {

// Restrictions cannot be taken back, so each question is asked in a child process; its exit status answers.
int in_child(const std::function<int()>& question) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(question());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool opens(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

TEST(ProcessHardening, NoCoreAndNotDumpable) {
  EXPECT_EQ(0, in_child([] {
              if (::prctl(PR_GET_DUMPABLE) != 1) return 1;  // else the test would show nothing
              if (!forbid_core_dumps()) return 2;
              rlimit limit{};
              ::getrlimit(RLIMIT_CORE, &limit);
              return ::prctl(PR_GET_DUMPABLE) == 0 && limit.rlim_max == 0 ? 0 : 3;
            }));
}

bool has_capabilities() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("CapEff:") || line.starts_with("CapPrm:"))
      if (line.find_first_not_of("0\t ", 7) != std::string::npos) return true;
  return false;
}

TEST(ProcessHardening, RootsRightsCanBeDropped) {
  EXPECT_EQ(::geteuid() == 0, has_capabilities()) << "the positive control, when run by root";
  EXPECT_EQ(0, in_child([] { return drop_capabilities() && !has_capabilities() ? 0 : 1; }));
}

TEST(ProcessHardening, OnlyTheNamedPlacesCanBeOpened) {
  char name[] = "/tmp/coffer-hardening-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const std::string folder = name;
  ::mkdir((folder + "/open").c_str(), 0700);
  std::ofstream(folder + "/seal") << "x";
  std::ofstream(folder + "/other") << "x";
  const int answer = in_child([&] {
    const FileAccess allowed[] = {{folder + "/open", true}, {folder + "/seal", false}};
    if (!opens(folder + "/other", O_RDONLY)) return 1;
    const auto confined = confine_files(allowed);
    if (!confined || *confined != Confinement::kEnforced) return 2;
    if (opens(folder + "/other", O_RDONLY)) return 3;
    if (!opens(folder + "/seal", O_RDONLY)) return 4;
    if (opens(folder + "/seal", O_WRONLY)) return 5;
    if (!opens(folder + "/open/new", O_RDWR | O_CREAT)) return 6;
    if (::rename((folder + "/open/new").c_str(), (folder + "/open/renamed").c_str()) != 0) return 7;
    return 0;
  });
  EXPECT_EQ(answer, 0);
  for (const char* left : {"/open/renamed", "/open", "/seal", "/other", ""})
    ::remove((folder + left).c_str());
}

#ifndef COFFER_SANITIZED
bool confined_to_basics() {
  const auto confined = confine_system_calls(basic_system_calls());
  return confined && *confined == Confinement::kEnforced;
}

TEST(ProcessHardening, ThreadsStillStartUnderTheFilter) {
  EXPECT_EQ(0, in_child([] {
              if (!confined_to_basics()) return 1;
              int answer = 2;
              std::thread([&] { answer = 0; }).join();
              return answer;
            }));
}

// volumed listens on Unix sockets; a datagram socket of any other family would carry a key away.
TEST(ProcessHardening, SocketsAreUnixSocketsOnly) {
  const auto make_socket = [](int family, int type) {
    return in_child([=] {
      const auto basics = basic_system_calls();
      std::vector<std::string_view> calls(basics.begin(), basics.end());
      calls.push_back("socket");
      if (!confine_system_calls(calls)) return 1;
      return ::socket(family, type, 0) >= 0 ? 0 : 2;
    });
  };
  EXPECT_EQ(make_socket(AF_UNIX, SOCK_STREAM), 0);
  for (const int family : {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET})
    EXPECT_EQ(make_socket(family, SOCK_DGRAM), -SIGSYS) << family;
}

TEST(ProcessHardening, CallsThatAreNotListedKillTheProcess) {
  const std::vector<std::function<void()>> forbidden = {
      [] { ::socket(AF_INET, SOCK_STREAM, 0); }, [] { ::execl("/bin/true", "true", nullptr); },
      [] { ::fork(); }, [] { ::open("/etc/passwd", O_RDONLY); }};
  for (size_t i = 0; i < forbidden.size(); ++i) {
    EXPECT_EQ(-SIGSYS, in_child([&] {
      if (!confined_to_basics()) return 1;
      forbidden[i]();
      return 0;
    })) << "call "
        << i;
  }
}
#endif

}  // namespace
}  // namespace coffer
