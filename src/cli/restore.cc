// SPDX-License-Identifier: Apache-2.0
// `coffer restore`: a backup into an empty folder, or its catalog into an installation that is not running.
// What it replaces is put aside; volumes are not touched, and those that the backup does not know are named.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>

#include "base/disk.h"
#include "base/process_hardening.h"
#include "cli/backup_file.h"
#include "cli/backup_pieces.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/document.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/recovery_key.h"
#include "cli/restored_domain_keys.h"
#include "cli/unsealing.h"

namespace coffer::cli {
namespace {

constexpr const char* kStaging = "/restore.new";
constexpr const char* kRestoredKeys = "restored-keys";
// What an archive may hold, and where it is staged.
const std::map<std::string, std::string> kKnown = {
    {"about.json", "about.json"},
    {"installation.json", "installation.json"},
    {"root-credentials", "root-credentials"},
    {"keyd/domain-keys", "domain-keys"},
    {"keyd/domain-keys.recovery", "domain-keys.recovery"},
    {"apid/catalog.db", "catalog.db"},
};

// Writes the files of an archive into one folder; nothing of it counts before the last piece was proven.
class Stager final : public format::BackupReceiver {
 public:
  explicit Stager(std::string folder) : folder_(std::move(folder)) {}

  Status begin(const std::string& name, uint64_t) override {
    const auto known = kKnown.find(name);
    if (known == kKnown.end())
      return fail(ErrorKind::kCorrupt, "the backup holds '" + name + "', which is unknown");
    COFFER_TRY(file, system_disk().open(folder_ + "/" + known->second, {.create = true, .exclusive = true}));
    file_ = std::move(file);
    offset_ = 0;
    return {};
  }
  Status contents(ByteView piece) override {
    COFFER_CHECK(file_->write(offset_, piece));
    offset_ += piece.size();
    return {};
  }
  Status end() override {
    COFFER_CHECK(file_->flush());
    file_.reset();
    return {};
  }

 private:
  const std::string folder_;
  std::unique_ptr<File> file_;
  uint64_t offset_ = 0;
};

Status clear_staging(const std::string& staging) {
  COFFER_TRY(there, system_disk().exists(staging));
  if (!there) return {};
  COFFER_TRY(names, system_disk().list(staging));
  for (const std::string& name : names) COFFER_CHECK(system_disk().remove(staging + "/" + name));
  return system_disk().remove(staging);
}

// Of a continuous backup.
struct Followed {
  bool continuous = false;
  uint64_t pieces = 0;
  std::string left_out;
  std::string warning;  // of domain keys
};

// What came after the base: newer sealed domain keys in place of the base's, and the rows of keys for apid to
// take.
Result<Followed> stage_pieces(const std::string& folder, const RecoveryKey& recovery,
                              const std::string& staging) {
  COFFER_TRY(text, read_file(system_disk(), staging + "/about.json"));
  COFFER_TRY(about, Document::parse(as_text(text)));
  BackupTarget target(system_disk(), folder);
  COFFER_TRY(following,
             read_following_pieces(target, static_cast<uint64_t>(about.number("position")), recovery));
  const auto put = [&](const char* name, const Bytes& contents) -> Status {
    return contents.empty() ? Status() : replace_file(system_disk(), staging + "/" + name, contents);
  };
  COFFER_CHECK(put("domain-keys", following.keys.as_sealed));
  COFFER_CHECK(put("domain-keys.recovery", following.keys.recovery));
  COFFER_CHECK(put(kRestoredKeys, following.shipments));
  return Followed{true, following.count, following.left_out, {}};
}

// Another installation's catalog must not come over this one's volumes.
Status check_same_installation(const std::string& folder, const std::string& staging) {
  COFFER_TRY(there, system_disk().exists(folder + "/installation.json"));
  if (!there) return {};
  COFFER_TRY(present, read_installation(folder));
  COFFER_TRY(text, read_file(system_disk(), staging + "/installation.json", 1 << 20));
  COFFER_TRY(backed_up, parse_installation(as_text(text)));
  if (present.installation_id == backed_up.installation_id) return {};
  return fail(ErrorKind::kConflict, "the backup is of another installation than the one in " + folder);
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

tl::unexpected<Error> about_file(const std::string& path, Error error) {
  error.message = (path == "-" ? "standard input" : path) + ": " + error.message;
  return tl::unexpected(std::move(error));
}

// The archive's files into the staging folder; what opened it.
Result<RecoveryKey> stage_archive(const BackupOptions& options, const std::string& path,
                                  const std::string& staging) {
  FileDescriptor file;
  if (path != "-") {
    file = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return fail(ErrorKind::kNotFound, errno_error(path).message);
  }
  const BackupSource source = from_descriptor(path == "-" ? STDIN_FILENO : file.get());
  auto header = read_backup_header(source);
  if (!header) return about_file(path, std::move(header.error()));
  auto recovery = find_recovery_key(options, *header);
  if (!recovery) return about_file(path, std::move(recovery.error()));
  COFFER_CHECK(clear_staging(staging));
  COFFER_CHECK(system_disk().make_directory(staging));
  Stager stager(staging);
  if (Status read = read_backup(source, recovery->key, *header, stager); !read)
    return about_file(path, std::move(read.error()));
  return recovery;
}

Result<Followed> stage(const BackupOptions& options, const std::string& folder, const std::string& staging) {
  const bool continuous = is_folder(options.file);
  COFFER_TRY(recovery,
             stage_archive(options,
                           continuous ? BackupTarget(system_disk(), options.file).base_path() : options.file,
                           staging));
  Followed followed;
  if (continuous) {
    COFFER_TRY(pieces, stage_pieces(options.file, recovery, staging));
    followed = std::move(pieces);
  }
  COFFER_CHECK(system_disk().flush_directory(staging));
  COFFER_CHECK(check_same_installation(folder, staging));
  if (has_sealed_keys(folder)) {
    COFFER_TRY(warning, compare_domain_keys(folder, staging, recovery));
    followed.warning = std::move(warning);
  }
  return followed;
}

// DIR/NAME is renamed to DIR/NAME.before-restore-N; the new name, or empty when there was nothing.
Result<std::string> put_aside(const std::string& folder, const std::string& name) {
  COFFER_TRY(there, system_disk().exists(folder + "/" + name));
  if (!there) return std::string();
  for (int number = 1;; ++number) {
    const std::string aside = name + ".before-restore-" + std::to_string(number);
    COFFER_TRY(taken, system_disk().exists(folder + "/" + aside));
    if (taken) continue;
    COFFER_CHECK(system_disk().rename(folder + "/" + name, folder + "/" + aside));
    return aside;
  }
}

Status place(const std::string& staging, const std::string& name, const std::string& path) {
  COFFER_TRY(contents, read_file(system_disk(), staging + "/" + name));
  return replace_file(system_disk(), path, contents);
}

struct Restored {
  std::string catalog_aside;
  bool kept_domain_keys = false, recovered_domain_keys = false;
  std::string seal;  // of the domain keys that came with the backup
};

// The sealed domain keys that are there are as new as any: they stay.
Status place_domain_keys(const std::string& folder, const std::string& staging, Restored& restored) {
  restored.kept_domain_keys = has_sealed_keys(folder);
  if (restored.kept_domain_keys) return {};
  COFFER_TRY(recovery, system_disk().exists(staging + "/domain-keys.recovery"));
  restored.recovered_domain_keys = recovery;
  COFFER_TRY(seal, seal_to_come(staging, recovery));
  restored.seal = std::move(seal);
  COFFER_CHECK(system_disk().make_directory(folder + "/keyd"));
  for (const char* copy : {"/keyd/domain-keys.0", "/keyd/domain-keys.1"})
    COFFER_CHECK(place(staging, recovery ? "domain-keys.recovery" : "domain-keys", folder + copy));
  return {};
}

Result<Restored> put_in_place(const std::string& folder, const std::string& staging) {
  Restored restored;
  COFFER_CHECK(place_domain_keys(folder, staging, restored));
  COFFER_TRY(aside, put_aside(folder, "apid"));
  restored.catalog_aside = aside;
  COFFER_CHECK(system_disk().make_directory(folder + "/apid"));
  COFFER_CHECK(system_disk().rename(staging + "/catalog.db", folder + "/apid/catalog.db"));
  COFFER_TRY(more, system_disk().exists(staging + "/" + kRestoredKeys));
  if (more)
    COFFER_CHECK(
        system_disk().rename(staging + "/" + kRestoredKeys, folder + "/apid/" + std::string(kRestoredKeys)));
  COFFER_CHECK(system_disk().flush_directory(folder + "/apid"));
  COFFER_CHECK(place(staging, "root-credentials", folder + "/root-credentials"));
  // Last: until then this is no installation that could be started.
  COFFER_TRY(there, system_disk().exists(folder + "/installation.json"));
  if (!there) COFFER_CHECK(place(staging, "installation.json", folder + "/installation.json"));
  COFFER_CHECK(system_disk().flush_directory(folder));
  return restored;
}

// Volumes and snapshots that lie in DIR and that the backup's catalog does not know.
Result<std::vector<std::string>> orphans(const std::string& folder, const std::string& staging) {
  COFFER_TRY(text, read_file(system_disk(), staging + "/about.json"));
  COFFER_TRY(about, Document::parse(as_text(text)));
  std::set<std::string> known;
  for (const char* list : {"volumes", "snapshots"})
    for (const std::string& id : about.texts(list)) known.insert(id);
  std::vector<std::string> unknown;
  const auto names = system_disk().list(folder + "/volumes");
  if (!names) return unknown;
  for (const std::string& name : *names)
    if ((name.starts_with("vol-") || name.starts_with("snap-")) && !known.contains(name))
      unknown.push_back(name);
  return unknown;
}

std::string readable(const std::string& folder, const Restored& restored, const Followed& followed,
                     const std::vector<std::string>& unknown) {
  std::string text = "restored into " + folder + "\n";
  if (followed.continuous)
    text += counted(followed.pieces, "piece") +
            " after the base of the continuous backup; the first start takes what is in them\n"
            "no key is made until `coffer backup --continuous` runs again, or `coffer backup "
            "--end-continuous` has\n";
  if (!followed.left_out.empty())
    text += "warning: " + followed.left_out +
            ", the last one, is not whole and left out: it was cut off, and so were the calls it is of, or "
            "its copy is damaged\n";
  if (!restored.catalog_aside.empty())
    text += "the catalog that was there is now " + folder + "/" + restored.catalog_aside + "\n";
  if (restored.kept_domain_keys) text += "the sealed domain keys that were there stay\n";
  if (!restored.kept_domain_keys)
    text +=
        std::string(restored.recovered_domain_keys ? "the domain keys are sealed by what opens the backup, "
                                                   : "the domain keys are sealed as they were: ") +
        restored.seal + "\n";
  if (restored.recovered_domain_keys) text += "`coffer seal change` puts them under another seal\n";
  if (!followed.warning.empty()) text += "warning: " + followed.warning + "\n";
  for (const std::string& id : unknown)
    text += "unknown to this catalog, and kept: " + folder + "/volumes/" + id + "\n";
  return text;
}

Result<std::string> restore_into(const BackupOptions& options, const std::string& data, bool json) {
  COFFER_TRY(folder, prepare_data_folder(data));
  COFFER_TRY(lock, lock_data_folder(folder, 0));
  const std::string staging = folder + kStaging;
  auto followed = stage(options, folder, staging);
  if (!followed) {
    (void)clear_staging(staging);
    return tl::unexpected(std::move(followed.error()));
  }
  COFFER_TRY(unknown, orphans(folder, staging));
  COFFER_TRY(restored, put_in_place(folder, staging));
  COFFER_CHECK(clear_staging(staging));
  if (!json) return readable(folder, restored, *followed, unknown);
  Document answer;
  answer.set("folder", folder);
  answer.set("catalog_before", restored.catalog_aside);
  answer.set("domain_keys", restored.kept_domain_keys        ? "kept"
                            : restored.recovered_domain_keys ? "recovered"
                                                             : "as they were sealed");
  if (!restored.kept_domain_keys) answer.set("seal", restored.seal);
  if (!followed->warning.empty()) answer.set("warning", followed->warning);
  answer.set("pieces", static_cast<int64_t>(followed->pieces));
  answer.set("left_out", followed->left_out);
  answer.set("unknown", unknown);
  return answer.pretty();
}

// What a restoration that failed has made; anything else in it keeps it.
void remove_made_folder(const std::string& folder) {
  ::unlink((folder + "/lock").c_str());
  ::rmdir(folder.c_str());
}

}  // namespace

int restore(const Common& common, const BackupOptions& options) {
  (void)forbid_core_dumps();
  ::umask(077);
  const auto there = system_disk().exists(common.data);
  const auto restored = restore_into(options, common.data, common.json);
  if (!restored) {
    if (there && !*there) remove_made_folder(common.data);
    return complain_about(restored.error());
  }
  print(*restored);
  return kOk;
}

}  // namespace coffer::cli
