// SPDX-License-Identifier: Apache-2.0
#include "sealer/pkcs11_server.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/file_descriptor.h"

extern char** environ;

namespace coffer::sealer {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr const char* kServer = "/usr/bin/p11-kit";
// Debian's and others' places of p11-kit's client module.
constexpr const char* kClients[] = {"/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so",
                                    "/usr/lib/aarch64-linux-gnu/pkcs11/p11-kit-client.so",
                                    "/usr/lib64/pkcs11/p11-kit-client.so",
                                    "/usr/lib/pkcs11/p11-kit-client.so"};

Result<std::string> private_folder() {
  std::string pattern = "/tmp/coffer-pkcs11-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return fail_errno("folder of the PKCS#11 module's socket");
  return pattern;
}

Result<pid_t> spawn_server(const std::string& socket, const std::string& module) {
  const std::vector<std::string> words = {kServer, "server",     "-f",   "--name",
                                          socket,  "--provider", module, "pkcs11:"};
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, kServer, &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0)
    return fail(ErrorKind::kNotFound,
                std::string("`p11-kit server` cannot be started (Debian: p11-kit): ") + std::strerror(code));
  return pid;
}

// Its socket is there a moment before the server listens; p11-kit's client, refused, says that there are no
// tokens.
bool listens(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return false;
  socket.copy(address.sun_path, socket.size());
  const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Result<std::unique_ptr<Pkcs11Server>> Pkcs11Server::start(const std::string& module) {
  if (::access(module.c_str(), R_OK) != 0)
    return fail(ErrorKind::kNotFound, "the PKCS#11 module " + module + " is not there");
  auto server = std::unique_ptr<Pkcs11Server>(new Pkcs11Server);
  COFFER_TRY(folder, private_folder());
  server->folder_ = folder;
  const std::string socket = folder + "/socket";
  COFFER_TRY(pid, spawn_server(socket, module));
  server->server_ = pid;
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (!listens(socket)) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      server->server_ = -1;
      return fail(ErrorKind::kUnavailable, "the PKCS#11 module " + module + " cannot be loaded by p11-kit");
    }
    if (std::chrono::steady_clock::now() > give_up)
      return fail(ErrorKind::kUnavailable, "the PKCS#11 module " + module + " does not come up");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::setenv("P11_KIT_SERVER_ADDRESS", ("unix:path=" + socket).c_str(), 1);
  COFFER_CHECK(server->connect(module));
  return server;
}

Status Pkcs11Server::connect(const std::string& module) {
  for (const char* path : kClients)
    if (client_ == nullptr) client_ = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (client_ == nullptr)
    return fail(ErrorKind::kNotFound, "p11-kit-client.so is not there (Debian: p11-kit-modules)");
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(client_, "C_GetFunctionList"));
  if (get == nullptr || get(&functions_) != CKR_OK || functions_ == nullptr)
    return fail(ErrorKind::kUnavailable, "p11-kit's client does not work");
  if (const CK_RV code = functions_->C_Initialize(nullptr); code != CKR_OK) {
    functions_ = nullptr;
    return fail(ErrorKind::kUnavailable,
                "the PKCS#11 module " + module + " does not start (error " + std::to_string(code) + ")");
  }
  return {};
}

Pkcs11Server::~Pkcs11Server() {
  if (functions_ != nullptr) functions_->C_Finalize(nullptr);
  if (client_ != nullptr) ::dlclose(client_);
  if (server_ > 0) {
    ::kill(server_, SIGTERM);
    ::waitpid(server_, nullptr, 0);
  }
  if (!folder_.empty()) {
    ::unlink((folder_ + "/socket").c_str());
    ::rmdir(folder_.c_str());
  }
}

}  // namespace coffer::sealer
