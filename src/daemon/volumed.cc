// SPDX-License-Identifier: Apache-2.0
// coffer-volumed: serves the attached volumes of this host, and holds their data keys while it does. Started
// by the supervisor (README.md in this folder).
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/process_hardening.h"
#include "base/random.h"
#include "base/supervisor_channel.h"
#include "control/volumed_server.h"
#include "crypto/cipher_policy.h"
#include "crypto/openssl_memory.h"
#include "export/nbd_tls_server.h"
#include "host/hardening.h"
#include "host/key_recipient.h"
#include "host/volume_host.h"
#include "host/volume_io.h"
#include "secret/arena.h"
#include "secret/registers.h"

namespace coffer {
namespace {

constexpr size_t kArenaSize = 64 << 20;  // the keys of many long chains
constexpr size_t kSmallestArena = 4 << 20;

struct Options {
  std::string data;
  crypto::CipherPolicy cipher_policy = crypto::CipherPolicy::kAutomatic;
  bool direct_io = false;
  host::HostOptions host = {};
  bool nbd_tls = false;  // a listening socket for NBD over TLS will come
};

std::optional<Options> parse_options(int count, char** words) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i], value = words[i + 1];
    if (name == "--data")
      options.data = value;
    else if (name == "--crypto" && value == "openssl")
      options.cipher_policy = crypto::CipherPolicy::kOpensslOnly;
    else if (name == "--io" && (value == "auto" || value == "buffered" || value == "direct"))
      options.direct_io = value == "direct";
    else if (name == "--throttle" && (value == "on" || value == "off"))
      options.host.throttle = value == "on";
    else if (name == "--nbd-tls" && (value == "on" || value == "off"))
      options.nbd_tls = value == "on";
    else if (name != "--crypto" || value != "auto")
      return std::nullopt;
  }
  if (count % 2 == 0 || options.data.empty()) return std::nullopt;
  return options;
}

// The folders exist when it returns, under names without links.
Result<host::HostFolders> prepare_folders(const std::string& data) {
  std::error_code error;
  const std::string folder = std::filesystem::canonical(data, error);
  if (error) return fail(ErrorKind::kNotFound, data + ": " + error.message());
  const std::string run = std::filesystem::canonical(folder + "/run", error);
  if (error) return fail(ErrorKind::kNotFound, folder + "/run: " + error.message());
  COFFER_CHECK(system_disk().make_directory(folder + "/volumes"));
  COFFER_CHECK(system_disk().flush_directory(folder));
  COFFER_CHECK(system_disk().make_directory(run + "/nbd"));
  return host::HostFolders{folder + "/volumes", run + "/nbd"};
}

// What the supervisor hands over, put together.
class Volumed {
 public:
  Volumed(host::HostFolders folders, Disk& disk, const host::HostOptions& options,
          host::KeyRecipient& recipient)
      : folders_(std::move(folders)), disk_(disk), options_(options), recipient_(recipient) {}

  Status take_peer(SupervisorMessage message) {
    if (!host_) {
      COFFER_TRY(opened, host::VolumeHost::open({disk_, system_random(), system_clock()}, folders_,
                                                message.host_id, recipient_, options_));
      host_ = std::move(opened);
      COFFER_CHECK(serve_nbd());
    }
    if (message.name == "keyd") {
      recipient_.connect(std::move(message.descriptor));
    } else if (message.name == "apid") {
      // What an apid that is gone has asked for is finished by its own threads.
      std::erase_if(servers_, [](const auto& server) { return server->finished(); });
      servers_.push_back(std::make_unique<control::VolumedServer>(std::move(message.descriptor), *host_));
    } else {
      log_warning("a channel to {} was offered to volumed, which has no use for one", message.name);
    }
    return {};
  }

  Status take_listener(SupervisorMessage message) {
    if (message.name != "nbd" || options_.nbd_identity == nullptr) {
      log_warning("a listening socket for {} was offered to volumed, which has no use for one", message.name);
      return {};
    }
    nbd_listener_ = std::move(message.descriptor);
    return serve_nbd();
  }

  void stop() {
    if (host_) host_->close_all();
    if (nbd_) nbd_->stop();
    servers_.clear();
  }

 private:
  // Once there are both volumes and a listening socket.
  Status serve_nbd() {
    if (!host_ || !nbd_listener_.valid()) return {};
    COFFER_TRY(server, exporting::NbdTlsServer::start(std::move(nbd_listener_), *options_.nbd_identity,
                                                      host_->exports(), options_.limits));
    nbd_ = std::move(server);
    return {};
  }

  const host::HostFolders folders_;
  Disk& disk_;
  const host::HostOptions options_;
  host::KeyRecipient& recipient_;
  std::unique_ptr<host::VolumeHost> host_;
  FileDescriptor nbd_listener_;
  std::unique_ptr<exporting::NbdTlsServer> nbd_;
  std::vector<std::unique_ptr<control::VolumedServer>> servers_;
};

Status serve(SupervisorChannel& supervisor, Volumed& volumed) {
  while (true) {
    secret::wipe_vector_registers();  // the recipient's private key was made on this thread
    auto message = supervisor.next();
    if (!message) {
      log_warning("{}", message.error().message);
      continue;
    }
    switch (message->kind) {
      case SupervisorMessage::Kind::kPeer:
        COFFER_CHECK(volumed.take_peer(std::move(*message)));
        break;
      case SupervisorMessage::Kind::kListen:
        COFFER_CHECK(volumed.take_listener(std::move(*message)));
        break;
      case SupervisorMessage::Kind::kUnseal:
        log_warning("seal material was offered to volumed, which has no use for it");
        break;
      case SupervisorMessage::Kind::kStarted:
        COFFER_CHECK(supervisor.report_ready());
        break;
      case SupervisorMessage::Kind::kStop:
        return {};
    }
  }
}

Status run(const Options& options, SupervisorChannel& supervisor) {
  COFFER_CHECK(forbid_core_dumps());
  crypto::set_cipher_policy(options.cipher_policy);
  log_info("volumes are encrypted by AES-256-XTS ({})", crypto::xts_provider());
  COFFER_TRY(folders, prepare_folders(options.data));
  COFFER_TRY(recipient, host::KeyRecipient::create());
  std::unique_ptr<exporting::TlsIdentity> nbd_identity;
  host::HostOptions host_options = options.host;
  if (options.nbd_tls) {
    COFFER_TRY(made, exporting::TlsIdentity::create());
    nbd_identity = std::move(made);
    host_options.nbd_identity = nbd_identity.get();
  }
  const host::VolumeIo io = host::choose_volume_io(options.direct_io, folders.volumes);
  log_info("volumes are read and written: {}", io.description);
  COFFER_CHECK(host::confine_volumed(folders.volumes, folders.sockets));
  host_options.io = io.description;
  Volumed volumed(std::move(folders), io.disk, host_options, *recipient);
  const Status served = serve(supervisor, volumed);
  volumed.stop();
  return served;
}

// As much as may be locked: what does not fit there grows segment by segment, as it is needed.
void set_up_arena() {
  for (size_t size = kArenaSize; size >= kSmallestArena; size /= 2) secret::initialise_arena(size);
}

// A chain of a thousand layers is thousands of files.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log_warning("the limit of open files is not raised");
}

// A pause of microseconds (exporting::RequestCoalescing) otherwise ends up to 50 µs late. Threads inherit it.
void make_pauses_exact() {
  constexpr unsigned long kNanoseconds = 1000;
  ::prctl(PR_SET_TIMERSLACK, kNanoseconds, 0, 0, 0);
}

// Reads as the supervisor's `stop`, so that what is attached is flushed first.
void stop_on_signal(int) {
  ::shutdown(SupervisorChannel::kInheritedDescriptor, SHUT_RD);
}

}  // namespace
}  // namespace coffer

int main(int count, char** words) {
  using namespace coffer;
  crypto::use_arena_for_openssl();
  set_up_arena();
  set_log_process("volumed");
  raise_descriptor_limit();
  make_pauses_exact();
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  const auto options = parse_options(count, words);
  if (!options) {
    std::fputs(
        "usage: coffer-volumed --data DIR [--crypto auto|openssl] [--io auto|buffered|direct] [--throttle "
        "on|off] [--nbd-tls "
        "on|off]\n(started by `coffer "
        "up`)\n",
        stderr);
    return 2;
  }
  auto supervisor = SupervisorChannel::inherited();
  if (!supervisor) {
    log_error("{}", supervisor.error().message);
    return 2;
  }
  std::signal(SIGTERM, stop_on_signal);
  if (const Status ran = run(*options, *supervisor); !ran) {
    log_error("{}", ran.error().message);
    if (const Status reported = supervisor->report_failed(ran.error().message); !reported)
      log_warning("{}", reported.error().message);
    return 1;
  }
  return 0;
}
