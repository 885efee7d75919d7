// SPDX-License-Identifier: Apache-2.0
// `coffer backup FOLDER --continuous`: takes a base, then gets from apid, again and again, the rows of new
// keys, and says when they are on the disk; only then are the calls answered that made them. A new base is
// taken when the sealed domain keys have changed, when a rotation of the domain key asks for one, and from
// time to time. It is written beside, while pieces go on.
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <thread>

#include "base/encoding.h"
#include "base/log.h"
#include "base/process_hardening.h"
#include "cli/backup_pieces.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/unsealing.h"

namespace coffer::cli {
namespace {

using std::chrono::steady_clock;

constexpr uint64_t kMostPieces = 1000;  // after a base
constexpr std::chrono::hours kOldestBase{24};
constexpr std::chrono::seconds kBeforeAnotherBase{2};  // when one failed
constexpr std::chrono::milliseconds kBeforeAnotherTry{100};

volatile sig_atomic_t stop_asked = 0;

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked = 1; };
  for (const int signal : {SIGTERM, SIGINT}) ::sigaction(signal, &action, nullptr);
}

class Receiver {
 public:
  Receiver(Served served, RecoveryKey recovery, BackupTarget& target, uint64_t last_number,
           bool with_domain_keys)
      : served_(std::move(served)),
        recovery_(std::move(recovery)),
        target_(target),
        last_number_(last_number),
        with_domain_keys_(with_domain_keys) {}

  // Until a signal, or until another receiver takes its place.
  Status run() {
    while (stop_asked == 0) {
      const Status status = advance();
      if (status || stop_asked != 0) continue;
      if (status.error().code == "Conflict") return status;
      if (status.error().kind != ErrorKind::kUnavailable && status.error().kind != ErrorKind::kIo &&
          status.error().code != "ReceiverUnknown")
        return status;
      complain_once(status.error().message);
      id_.clear();  // apid is another by now, or will be
      if (auto again = find_served(served_.folder)) served_ = std::move(*again);
      std::this_thread::sleep_for(kBeforeAnotherTry);
    }
    if (base_.valid()) base_.wait();
    if (!id_.empty()) leave();
    return {};
  }

 private:
  Status advance() {
    if (id_.empty()) COFFER_CHECK(begin());
    COFFER_CHECK(look_after_base());
    COFFER_TRY(sequence, sealed_sequence(served_));
    const bool due = base_due_ || sequence != base_sequence_ || last_number_ - base_number_ >= kMostPieces ||
                     steady_clock::now() - base_began_ > kOldestBase;
    if (due && !base_.valid() && steady_clock::now() >= next_base_) {
      COFFER_CHECK(next(true));  // what was stored is told before
      return begin_base();
    }
    return next(false);
  }

  Status begin() {
    Document request;
    request.set("command", "continuous-backup-begin");
    request.set("target", target_.folder());
    COFFER_TRY(answer, ask(served_, request));
    id_ = answer.text("receiver");
    outcome_ = {};
    said_.clear();
    return {};
  }

  void leave() {
    (void)next(true);
    Document request;
    request.set("command", "continuous-backup-next");
    request.set("receiver", id_);
    request.set("leaving", true);
    (void)ask(served_, request);
  }

  // Says what became of the last pieces and stores the next ones.
  Status next(bool only_tell) {
    Document request;
    request.set("command", "continuous-backup-next");
    request.set("receiver", id_);
    request.set("stored", outcome_.has_value());
    if (!outcome_) request.set("failure", outcome_.error().message);
    request.set("only_tell", only_tell);
    request.set("soon", base_.valid());  // there is something else to look after
    COFFER_TRY(answer, ask(served_, request));
    outcome_ = {};
    if (answer.flag("base_wanted")) base_due_ = true;
    std::vector<Bytes> shipments;
    for (const std::string& text : answer.texts("shipments")) {
      auto bytes = from_base64(text);
      if (!bytes) return fail(ErrorKind::kCorrupt, "apid's answer cannot be understood");
      shipments.push_back(std::move(*bytes));
    }
    if (shipments.empty()) return {};
    outcome_ = store(std::move(shipments));
    if (!outcome_) complain_once(outcome_.error().message);
    return {};
  }

  // A token may be under a domain key that is newer than those in the backup: that was stored before, so it
  // is among those that are read now.
  Status store(std::vector<Bytes> shipments) {
    Piece piece{last_number_ + 1, {}, std::move(shipments)};
    COFFER_TRY(sequence, sealed_sequence(served_));
    if (sequence != shipped_sequence_) {
      COFFER_TRY(keys, read_sealed_keys(served_, recovery_, with_domain_keys_));
      piece.keys = std::move(keys);
    }
    COFFER_TRY(archive, seal_piece(piece, recovery_));
    COFFER_CHECK(target_.put_piece(piece.number, archive));
    last_number_ = piece.number;
    if (!piece.keys.as_sealed.empty()) shipped_sequence_ = piece.keys.sequence;
    return {};
  }

  // The catalog is copied now; all that comes later has a higher number.
  Status begin_base() {
    next_base_ = steady_clock::now() + kBeforeAnotherBase;
    auto copied = copy_catalog_and_keys(served_, recovery_, with_domain_keys_, 1, id_);
    if (!copied && copied.error().kind == ErrorKind::kConflict) return {};  // it is due as before
    if (!copied) return tl::unexpected(copied.error());
    const auto copy = std::make_shared<CatalogCopy>(std::move(copied->catalog));
    const SealedKeys keys = std::move(copied->keys);
    copy->about.set("position", static_cast<int64_t>(last_number_));
    base_due_ = false;
    pending_ = {last_number_, keys.sequence, steady_clock::now(), id_};
    base_ = std::async(std::launch::async, [this, copy, keys, served = served_, number = last_number_] {
      return write_base(served, *copy, keys, number);
    });
    return {};
  }

  Status write_base(const Served& served, const CatalogCopy& copy, const SealedKeys& keys, uint64_t number) {
    COFFER_TRY(file, target_.begin_base());
    uint64_t offset = 0;
    BackupWriter writer(
        [&](ByteView bytes) -> Status {
          COFFER_CHECK(file->write(offset, bytes));
          offset += bytes.size();
          return {};
        },
        recovery_.key, new_header(recovery_));
    COFFER_CHECK(write_backup(writer, served, copy, keys));
    return target_.end_base(*file, number);
  }

  Status look_after_base() {
    if (!base_.valid() || base_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return {};
    const Status written = base_.get();
    if (!written) {
      complain_once(written.error().message);
      base_due_ = true;
      return {};
    }
    // Between apid's two lives keys may have been made that are neither in this base nor were shipped.
    if (pending_.receiver != id_) {
      base_due_ = true;
      next_base_ = {};
      return {};
    }
    base_number_ = pending_.number;
    base_sequence_ = pending_.sequence;
    base_began_ = pending_.began;
    // What came meanwhile may have shipped newer ones.
    shipped_sequence_ = std::max(shipped_sequence_, base_sequence_);
    Document request;
    request.set("command", "continuous-backup-stored");
    request.set("receiver", id_);
    request.set("target", target_.folder());
    COFFER_CHECK(ask(served_, request));
    if (!announced_) print("ready " + target_.folder() + "\n");
    announced_ = true;
    return {};
  }

  void complain_once(const std::string& message) {
    if (message != said_) complain(message);
    said_ = message;
  }

  Served served_;
  const RecoveryKey recovery_;
  BackupTarget& target_;
  uint64_t last_number_;
  const bool with_domain_keys_;
  std::string id_, said_;
  Status outcome_;
  uint64_t shipped_sequence_ = 0;
  struct {
    uint64_t number = 0, sequence = 0;
    steady_clock::time_point began{};
    std::string receiver;
  } pending_;
  bool base_due_ = true, announced_ = false;
  uint64_t base_number_ = 0, base_sequence_ = 0;
  steady_clock::time_point base_began_{}, next_base_{};
  std::future<Status> base_;
};

// What is there already, proven as a whole: which installation it is of, and its last number.
class BaseReader final : public format::BackupReceiver {
 public:
  Status begin(const std::string& name, uint64_t) override {
    current_ = name == "about.json" ? &about : name == "installation.json" ? &installation : nullptr;
    return {};
  }
  Status contents(ByteView piece) override {
    if (current_ != nullptr) *current_ += as_text(piece);
    return {};
  }
  Status end() override { return {}; }
  std::string about, installation;

 private:
  std::string* current_ = nullptr;
};

struct Present {
  RecoveryKey recovery;
  uint64_t last_number = 0;
};
Result<Present> open_base(BackupTarget& target, const BackupOptions& options, const Served& served) {
  FileDescriptor file(::open(target.base_path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail_errno("open");
  const BackupSource source = from_descriptor(file.get());
  COFFER_TRY(header, read_backup_header(source));
  COFFER_TRY(recovery, find_recovery_key(options, header));
  BaseReader base;
  COFFER_CHECK(read_backup(source, recovery.key, header, base));
  COFFER_TRY(theirs, parse_installation(base.installation));
  COFFER_TRY(ours, read_installation(served.folder));
  if (theirs.installation_id != ours.installation_id)
    return fail(ErrorKind::kConflict, target.folder() + " is the backup of another installation");
  COFFER_TRY(about, Document::parse(base.about));
  return Present{std::move(recovery), static_cast<uint64_t>(about.number("position"))};
}

Result<Present> open_present(BackupTarget& target, const BackupOptions& options, const Served& served) {
  auto present = open_base(target, options, served);
  if (!present && present.error().kind != ErrorKind::kConflict)
    return fail(present.error().kind, target.base_path() + ": " + present.error().message);
  return present;
}

Result<Present> open_target(BackupTarget& target, const BackupOptions& options, const Served& served) {
  COFFER_TRY(there, target.has_base());
  Present present;
  if (there) {
    COFFER_TRY(opened, open_present(target, options, served));
    present = std::move(opened);
  } else {
    const auto seal = stored_seal(served.folder);
    if (!seal) return fail(ErrorKind::kCorrupt, "the sealed domain keys cannot be read");
    COFFER_TRY(recovery, new_recovery_key(options, seal->installation_id));
    present.recovery = std::move(recovery);
  }
  COFFER_TRY(numbers, target.pieces());
  if (!numbers.empty()) present.last_number = std::max(present.last_number, numbers.back());
  return present;
}

Result<FileDescriptor> lock_target(const std::string& folder) {
  FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) return fail_errno(folder);
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::kConflict, "another `coffer backup --continuous` writes to " + folder);
  return descriptor;
}

// So that it means the same wherever it is read.
Result<std::string> absolute_path(const std::string& folder) {
  char path[PATH_MAX];
  if (::realpath(folder.c_str(), path) == nullptr) return fail_errno(folder);
  return std::string(path);
}

Status receive(const Common& common, const BackupOptions& options) {
  COFFER_TRY(served, find_served(common.data));
  COFFER_CHECK(BackupTarget(system_disk(), options.file).prepare());
  COFFER_TRY(folder, absolute_path(options.file));
  BackupTarget target(system_disk(), folder);
  COFFER_TRY(lock, lock_target(folder));
  COFFER_TRY(present, open_target(target, options, served));
  stop_on_signals();
  return Receiver(std::move(served), std::move(present.recovery), target, present.last_number,
                  options.with_domain_keys)
      .run();
}

}  // namespace

int backup_continuously(const Common& common, const BackupOptions& options) {
  ::umask(077);
  const Status status = receive(common, options);
  return status ? static_cast<int>(kOk) : complain_about(status.error());
}

int end_continuous_backup(const Common& common) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "status");
  const auto status = ask(*served, request);
  if (status && !status->flag("continuous_backup.on"))
    return complain_about({ErrorKind::kConflict, "no continuous backup is in force"});
  request.set("command", "continuous-backup-end");
  const auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  print("keys are made without the continuous backup again\n");
  return kOk;
}

}  // namespace coffer::cli
