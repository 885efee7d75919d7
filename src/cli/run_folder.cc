// SPDX-License-Identifier: Apache-2.0
#include "cli/run_folder.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/disk.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kLongestName = "/nbd/vol-0123456789abcdef0.sock";
// Says whose private folder it is: a copied DIR must not share the one of its original.
constexpr std::string_view kOwnerNote = "data-folder";

bool is_private_folder(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & 07777) == 0700;
}

std::string link_target(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  return length <= 0 ? std::string() : std::string(target, static_cast<size_t>(length));
}

// Removes the folder with what a run leaves in it; anything else in it makes rmdir fail, as it should.
void remove_run_files(const std::string& path, bool folder_too) {
  for (const char* inner : {"/nbd", ""}) {
    const std::string place = path + inner;
    if (auto names = system_disk().list(place)) {
      for (const std::string& name : *names) {
        struct stat status {};
        const std::string file = place + "/" + name;
        if (::lstat(file.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) ::unlink(file.c_str());
      }
    }
    if (folder_too) ::rmdir(place.c_str());
  }
}

Status make_private(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("mkdir " + path);
  if (!is_private_folder(path) && ::chmod(path.c_str(), 0700) != 0) return fail_errno("restrict " + path);
  if (!is_private_folder(path)) return fail(ErrorKind::kConflict, path + " is not a folder of this user");
  return {};
}

Result<std::string> make_short_folder(const std::string& folder, const std::vector<std::string>& parents) {
  for (const std::string& parent : parents) {
    std::string name = parent + "/coffer-XXXXXX";
    if (name.size() > longest_run_folder() || ::mkdtemp(name.data()) == nullptr) continue;
    COFFER_CHECK(write_note(name, kOwnerNote, folder));
    return name;
  }
  return fail(ErrorKind::kConflict, "the path " + folder +
                                        " is too long for Unix sockets, and no short folder could be made "
                                        "under $XDG_RUNTIME_DIR or /tmp");
}

}  // namespace

size_t longest_run_folder() {
  return sizeof(sockaddr_un{}.sun_path) - 1 - kLongestName.size();
}

std::vector<std::string> default_short_parents() {
  std::vector<std::string> parents;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') parents.emplace_back(runtime);
  parents.emplace_back("/tmp");
  return parents;
}

Result<std::string> prepare_run_folder(const std::string& folder,
                                       const std::vector<std::string>& short_parents) {
  const std::string run = folder + "/run";
  std::string place = run;
  const std::string target = link_target(run);
  if (run.size() <= longest_run_folder()) {
    if (!target.empty() && ::unlink(run.c_str()) != 0) return fail_errno("remove " + run);
  } else if (!target.empty() && is_private_folder(target) && read_note(target, kOwnerNote) == folder) {
    place = target;
  } else {
    if (!target.empty()) {
      ::unlink(run.c_str());
    } else {
      remove_run_files(run, /*folder_too=*/true);
    }
    COFFER_TRY(made, make_short_folder(folder, short_parents));
    place = made;
    if (::symlink(place.c_str(), run.c_str()) != 0) return fail_errno("link " + run);
  }
  COFFER_CHECK(make_private(place));
  COFFER_CHECK(make_private(place + "/nbd"));
  return place;
}

Result<std::string> find_run_folder(const std::string& folder) {
  char resolved[PATH_MAX];
  if (::realpath((folder + "/run").c_str(), resolved) == nullptr)
    return fail(ErrorKind::kUnavailable, "no `coffer up` serves " + folder);
  return std::string(resolved);
}

void clear_run_folder(const std::string& folder) {
  const std::string run = folder + "/run";
  const std::string target = link_target(run);
  const bool linked = !target.empty() && is_private_folder(target) && read_note(target, kOwnerNote) == folder;
  if (!target.empty() && !linked) return;
  remove_run_files(linked ? target : run, linked);
  if (linked) ::unlink(run.c_str());
}

Status write_note(const std::string& run_folder, std::string_view name, std::string_view text) {
  const std::string path = run_folder + "/" + std::string(name);
  // No fsync: a note means something only to this run.
  const std::string aside = path + ".new";
  ::unlink(aside.c_str());
  COFFER_TRY(file, system_disk().open(aside, {.create = true, .exclusive = true}));
  COFFER_CHECK(file->write(0, as_bytes(text)));
  return system_disk().rename(aside, path);
}

std::string read_note(const std::string& run_folder, std::string_view name) {
  auto bytes = read_file(system_disk(), run_folder + "/" + std::string(name), 1 << 20);
  if (!bytes) return {};
  std::string text(as_text(*bytes));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace coffer::cli
