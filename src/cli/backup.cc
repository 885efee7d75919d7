// SPDX-License-Identifier: Apache-2.0
// `coffer backup`: the catalog, and the domain keys as they are sealed, in one encrypted archive; with
// --with-domain-keys also the domain keys under the archive's own key.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/disk.h"
#include "base/process_hardening.h"
#include "cli/admin_client.h"
#include "cli/backup_contents.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/recovery_key.h"
#include "cli/unsealing.h"

namespace coffer::cli {
namespace {

constexpr int kMostTries = 5;

Status write_archive(int descriptor, const Served& served, const RecoveryKey& recovery,
                     bool with_domain_keys) {
  COFFER_TRY(copied, copy_catalog_and_keys(served, recovery, with_domain_keys, kMostTries));
  BackupWriter writer(to_descriptor(descriptor), recovery.key, new_header(recovery));
  return write_backup(writer, served, copied.catalog, copied.keys);
}

// Aside and renamed: a backup that is there is whole.
Status write_to_file(const std::string& path, const Served& served, const RecoveryKey& recovery,
                     bool with_domain_keys) {
  const std::string aside = path + ".new";
  FileDescriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return fail_errno("write " + path);
  Status written = write_archive(file.get(), served, recovery, with_domain_keys);
  if (written && ::fsync(file.get()) != 0) written = fail_errno("write " + path);
  if (written && ::rename(aside.c_str(), path.c_str()) != 0) written = fail_errno("write " + path);
  if (!written) {
    ::unlink(aside.c_str());
    return written;
  }
  const size_t slash = path.rfind('/');
  return system_disk().flush_directory(
      slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1)));
}

// What is there is lost by being replaced: only a backup is, and only where that was asked for.
Status check_place(const std::string& path, bool replace) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  if (S_ISDIR(status.st_mode))
    return fail(ErrorKind::kInvalidArgument, path + " is a folder: name a file, or add --continuous");
  if (!replace)
    return fail(ErrorKind::kConflict, path + " is there already: name another file, or add --replace");
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return fail_errno(path);
  if (read_backup_header(from_descriptor(file.get()))) return {};
  return fail(ErrorKind::kConflict, path + " is no backup of Coffer, and is not replaced");
}

int write_backup_file(const Common& common, const BackupOptions& options) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  const bool to_stream = options.file == "-";
  if (!to_stream)
    if (const Status place = check_place(options.file, options.replace); !place)
      return complain_about(place.error());
  const auto seal = stored_seal(served->folder);
  if (!seal) return complain_about({ErrorKind::kCorrupt, "the sealed domain keys cannot be read"});
  auto recovery = new_recovery_key(options, seal->installation_id);
  if (!recovery) return complain_about(recovery.error());
  const Status written = to_stream
                             ? write_archive(STDOUT_FILENO, *served, *recovery, options.with_domain_keys)
                             : write_to_file(options.file, *served, *recovery, options.with_domain_keys);
  if (!written) return complain_about(written.error());
  if (!to_stream) print("backed up to " + options.file + "\n");
  return kOk;
}

}  // namespace

int backup(const Common& common, const BackupOptions& options) {
  (void)forbid_core_dumps();
  if (options.end_continuous) return end_continuous_backup(common);
  if (options.file.empty()) {
    complain("name the file to write, or with --continuous the folder");
    return kUsage;
  }
  return options.continuous ? backup_continuously(common, options) : write_backup_file(common, options);
}

}  // namespace coffer::cli
