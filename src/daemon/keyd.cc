// SPDX-License-Identifier: Apache-2.0
// coffer-keyd: holds the domain keys and what they wrap. Started by the supervisor (README.md in this
// folder).
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/process_hardening.h"
#include "base/supervisor_channel.h"
#include "crypto/openssl_memory.h"
#include "keys/domain_key_store.h"
#include "keys/hardening.h"
#include "keys/key_file_seal.h"
#include "keys/operations.h"
#include "keys/server.h"
#include "secret/arena.h"
#include "secret/registers.h"

namespace coffer {
namespace {

constexpr size_t kArenaSize = 16 << 20;

struct Options {
  std::string data;
  std::string seal_file;
  bool initialise = false;
};

std::optional<Options> parse_options(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--initialise") {
      options.initialise = true;
    } else if (word == "--data" && i + 1 < count) {
      options.data = words[++i];
    } else if (word == "--seal-file" && i + 1 < count) {
      options.seal_file = words[++i];
    } else {
      return std::nullopt;
    }
  }
  if (options.data.empty() || options.seal_file.empty()) return std::nullopt;
  return options;
}

struct Opened {
  keys::DomainKeys domain_keys;
  std::string seal_description;
};

// A first start that was cut short is taken up again: a seal that was made is used, domain keys that were
// made are loaded. No seal is ever made for domain keys that exist.
Result<Opened> open_domain_keys(const Options& options, const std::string& folder) {
  keys::DomainKeyStore store(system_disk(), folder);
  COFFER_TRY(initialised, store.initialised());
  const bool initialise = options.initialise && !initialised;
  std::unique_ptr<keys::Seal> seal;
  COFFER_TRY(seal_exists, system_disk().exists(options.seal_file));
  if (initialise && !seal_exists) {
    COFFER_TRY(made, keys::create_key_file_seal(system_disk(), options.seal_file));
    seal = std::move(made);
  } else {
    COFFER_TRY(loaded, keys::load_key_file_seal(options.seal_file));
    seal = std::move(loaded);
  }
  auto domain_keys = initialise ? store.initialise(*seal) : store.load(*seal);
  if (!domain_keys) return tl::unexpected(std::move(domain_keys.error()));
  return Opened{std::move(*domain_keys), seal->description()};
}

Status serve(SupervisorChannel& supervisor, keys::Operations& operations) {
  keys::Server server(operations);
  while (true) {
    secret::wipe_vector_registers();
    auto message = supervisor.next();
    if (!message) {
      log_warning("{}", message.error().message);
      continue;
    }
    switch (message->kind) {
      case SupervisorMessage::Kind::kPeer:
        if (const Status served =
                server.serve(message->name, message->host_id, std::move(message->descriptor));
            !served)
          log_warning("{}", served.error().message);
        break;
      case SupervisorMessage::Kind::kListen:
        log_warning("a listening socket was offered to keyd, which has no use for one");
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
  const std::string folder = options.data + "/keyd";
  COFFER_CHECK(forbid_core_dumps());
  COFFER_TRY(opened, open_domain_keys(options, folder));
  COFFER_CHECK(keys::confine_keyd(folder, options.seal_file));
  keys::Operations operations(std::move(opened.domain_keys), std::move(opened.seal_description),
                              system_clock());
  return serve(supervisor, operations);
}

}  // namespace
}  // namespace coffer

int main(int count, char** words) {
  using namespace coffer;
  crypto::use_arena_for_openssl();
  secret::initialise_arena(kArenaSize);
  set_log_process("keyd");
  // The supervisor decides when keyd ends; a Ctrl-C reaches the whole foreground group.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  const auto options = parse_options(count, words);
  if (!options) {
    std::fputs("usage: coffer-keyd --data DIR --seal-file PATH [--initialise]\n(started by `coffer up`)\n",
               stderr);
    return 2;
  }
  auto supervisor = SupervisorChannel::inherited();
  if (!supervisor) {
    log_error("{}", supervisor.error().message);
    return 2;
  }
  if (const Status ran = run(*options, *supervisor); !ran) {
    log_error("{}", ran.error().message);
    if (const Status reported = supervisor->report_failed(ran.error().message); !reported)
      log_warning("{}", reported.error().message);
    return 1;
  }
  return 0;
}
