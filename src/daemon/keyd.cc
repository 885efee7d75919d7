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
#include "keys/device_seals.h"
#include "keys/domain_key_store.h"
#include "keys/domain_key_vault.h"
#include "keys/hardening.h"
#include "keys/hsm_stores.h"
#include "keys/key_store_processes.h"
#include "keys/operations.h"
#include "keys/seal_control.h"
#include "keys/server.h"
#include "keys/supervisor_inbox.h"
#include "keys/unsealing.h"
#include "secret/arena.h"
#include "secret/registers.h"

namespace coffer {
namespace {

constexpr size_t kArenaSize = 16 << 20;

std::optional<keys::UnsealingOptions> parse_options(int count, char** words) {
  keys::UnsealingOptions options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--initialise") {
      options.initialise = true;
    } else if (word == "--data" && i + 1 < count) {
      options.data = words[++i];
    } else if (word == "--seal-file" && i + 1 < count) {
      options.seal_file = words[++i];
    } else if (word == "--sealer" && i + 1 < count) {
      options.sealer = words[++i];
    } else if (word == "--seal" && i + 1 < count) {
      const auto kind = format::seal_kind_named(words[++i]);
      if (!kind) return std::nullopt;
      options.kind = *kind;
    } else {
      return std::nullopt;
    }
  }
  if (options.data.empty() || options.seal_file.empty()) return std::nullopt;
  return options;
}

Status serve(SupervisorChannel& supervisor, keys::SupervisorInbox& inbox,
             keys::KeyStoreProcesses& key_store_processes, keys::Operations& operations) {
  keys::Server server(operations);
  while (true) {
    secret::wipe_vector_registers();
    auto message = inbox.next();
    if (!message) {
      log_warning("{}", message.error().message);
      continue;
    }
    switch (message->kind) {
      case SupervisorMessage::Kind::kPeer:
        if (message->name == "sealer")
          key_store_processes.arrived(message->host_id, std::move(message->descriptor));
        else if (const Status served =
                     server.serve(message->name, message->host_id, std::move(message->descriptor));
                 !served)
          log_warning("{}", served.error().message);
        break;
      case SupervisorMessage::Kind::kListen:
        log_warning("a listening socket was offered to keyd, which has no use for one");
        break;
      case SupervisorMessage::Kind::kUnseal:
        break;  // the inbox has it
      case SupervisorMessage::Kind::kStarted:
        COFFER_CHECK(supervisor.report_ready());
        break;
      case SupervisorMessage::Kind::kStop:
        return {};
    }
  }
}

Status run(const keys::UnsealingOptions& options, SupervisorChannel& supervisor) {
  const std::string folder = options.data + "/keyd";
  COFFER_CHECK(forbid_core_dumps());
  std::unique_ptr<keys::SealerClient> sealer;
  if (!options.sealer.empty()) {
    auto started = keys::SealerClient::start(options.sealer);
    if (started) sealer = std::move(*started);
    if (!started) log_warning("no seal by a TPM or a token: {}", started.error().message);
  }
  const keys::MakeSeal make_seal = keys::seal_maker(sealer.get());
  keys::SupervisorInbox inbox(supervisor);
  keys::DomainKeyStore store(system_disk(), folder);
  COFFER_TRY(opened, keys::unseal(
                         system_disk(), store, options,
                         [&](format::SealKind kind, const Bytes* parameters) {
                           return inbox.seal_material(kind, parameters);
                         },
                         make_seal));
  COFFER_CHECK(inbox.in_force(opened.in_force));
  COFFER_CHECK(keys::confine_keyd(folder));
  keys::DomainKeyVault vault(std::move(opened.domain_keys), std::move(opened.seal), &store);
  COFFER_TRY(control, keys::SealControl::create(
                          system_disk(), folder, vault, make_seal,
                          {[&](const secret::SecretBytes& material) { return inbox.remember(material); },
                           [&](const secret::SecretBytes& material) { return inbox.in_force(material); }},
                          std::move(opened.in_force)));
  keys::KeyStoreProcesses key_store_processes(
      [&](const std::string& number) { return supervisor.report_start_sealer(number); });
  keys::HsmStores hsm_stores(system_disk(), folder, [&] { return key_store_processes.start(); });
  keys::Operations operations(vault, control.get(), system_clock(), &hsm_stores);
  return serve(supervisor, inbox, key_store_processes, operations);
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
    std::fputs(
        "usage: coffer-keyd --data DIR --seal-file PATH [--sealer PROGRAM] [--initialise [--seal "
        "KIND]]\n(started by `coffer "
        "up`)\n",
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
