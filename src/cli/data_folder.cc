// SPDX-License-Identifier: Apache-2.0
#include "cli/data_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <thread>

#include "base/disk.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kLockName = "lock";
constexpr std::string_view kFileName = "installation.json";

// A folder that a first start left half made, or a mount point, may be initialised.
bool may_stand_beside_nothing(const std::string& name) {
  return name == kLockName || name == "run" || name == "lost+found" || name == "installation.json.new";
}

Result<std::string> absolute(const std::string& path) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) return fail_errno(path);
  return std::string(resolved);
}

struct flock whole_file(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

// The process that wrote its number into the lock file, if it lives.
pid_t living_holder(int lock) {
  char text[32] = {};
  if (::pread(lock, text, sizeof text - 1, 0) <= 0) return 0;
  const long pid = std::strtol(text, nullptr, 10);
  if (pid <= 0) return 0;
  return ::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM ? static_cast<pid_t>(pid) : 0;
}

}  // namespace

Result<std::string> prepare_data_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("make data folder " + path);
  COFFER_TRY(folder, absolute(path));
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return fail_errno(folder);
  if (!S_ISDIR(status.st_mode)) return fail(ErrorKind::kConflict, folder + " is not a folder");
  if (status.st_uid != ::geteuid())
    return fail(ErrorKind::kPermissionDenied,
                folder + " belongs to another user; Coffer keeps its data in a folder of its own user");
  COFFER_TRY(installed, system_disk().exists(folder + "/" + std::string(kFileName)));
  if (!installed) {
    COFFER_TRY(names, system_disk().list(folder));
    for (const std::string& name : names)
      if (!may_stand_beside_nothing(name))
        return fail(
            ErrorKind::kConflict,
            folder + " holds '" + name + "' and no installation of Coffer; give a new or an empty folder");
  }
  if ((status.st_mode & 07777) != 0700 && ::chmod(folder.c_str(), 0700) != 0)
    return fail_errno("restrict " + folder);
  return folder;
}

Result<std::string> find_data_folder(const std::string& path) {
  auto folder = absolute(path);
  if (!folder)
    return fail(ErrorKind::kNotFound, path +
                                          " is no data folder of Coffer (give --data, or start one there "
                                          "with `coffer up --data " +
                                          path + "`)");
  auto installed = system_disk().exists(*folder + "/" + std::string(kFileName));
  if (!installed && installed.error().kind == ErrorKind::kPermissionDenied)
    return fail(ErrorKind::kPermissionDenied, *folder + " belongs to another user");
  if (!installed || !*installed)
    return fail(ErrorKind::kNotFound, *folder + " is no data folder of Coffer: it has no installation.json");
  return folder;
}

Result<InstallationFile> read_installation(const std::string& folder) {
  const std::string path = folder + "/" + std::string(kFileName);
  COFFER_TRY(bytes, read_file(system_disk(), path, 1 << 20));
  auto installation = parse_installation(as_text(bytes));
  if (!installation && installation.error().kind == ErrorKind::kCorrupt)
    return fail(ErrorKind::kCorrupt, path + ": " + installation.error().message);
  return installation;
}

Status write_installation(const std::string& folder, const InstallationFile& installation) {
  return replace_file(system_disk(), folder + "/" + std::string(kFileName), as_bytes(to_json(installation)));
}

// An open-file-description lock: the three processes inherit the descriptor, so that none of them can still
// be writing to DIR when another supervisor takes over from one that was killed.
Result<FileDescriptor> lock_data_folder(const std::string& folder, int patience_ms) {
  const std::string path = folder + "/" + std::string(kLockName);
  FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return fail_errno("open " + path);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  struct flock range = whole_file(F_WRLCK);
  while (::fcntl(lock.get(), F_OFD_SETLK, &range) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return fail_errno("lock " + path);
    if (const pid_t holder = living_holder(lock.get()); holder != 0)
      return fail(ErrorKind::kConflict, folder + " is already served by process " + std::to_string(holder));
    if (std::chrono::steady_clock::now() >= give_up)
      return fail(ErrorKind::kConflict, folder + " is still in use by processes of an earlier `coffer up`");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const std::string mine = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 ||
      ::pwrite(lock.get(), mine.data(), mine.size(), 0) != static_cast<ssize_t>(mine.size()))
    return fail_errno("write " + path);
  return lock;
}

bool is_served(const std::string& folder) {
  const std::string path = folder + "/" + std::string(kLockName);
  FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.valid()) return false;
  struct flock range = whole_file(F_WRLCK);
  return ::fcntl(lock.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

std::string seal_file_of(const std::string& folder, const InstallationFile& installation) {
  return installation.seal_file.empty() ? folder + "/seal.key" : installation.seal_file;
}

}  // namespace coffer::cli
