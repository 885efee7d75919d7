// SPDX-License-Identifier: Apache-2.0
#include "cli/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/log.h"
#include "cli/child_process.h"
#include "cli/exit_code.h"

namespace coffer::cli {
namespace {

constexpr int64_t kStopPatience = 10000;  // ms until SIGKILL
constexpr int64_t kEndPatience = 5000;    // ms from the end of a channel until SIGKILL
constexpr size_t kMostSealMaterial = 64;  // far more than keyd leaves undecided
constexpr size_t kMostSealers = 256;
constexpr int64_t kSealersPatience = 2000;     // ms to log out of their tokens
constexpr int64_t kMostDeathsBeforeReady = 5;  // at the first start; later we never give up

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status))
    return std::string("killed by signal ") + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")";
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

struct Supervisor::Daemon {
  Daemon(DaemonSpec what, int64_t longest_wait) : spec(std::move(what)), backoff(longest_wait) {}

  DaemonSpec spec;
  pid_t pid = 0;
  std::unique_ptr<PacketChannel> channel;
  bool ready = false;
  int64_t restarts = 0;
  int64_t restart_at = -1;  // when it is down and wanted
  int64_t kill_at = -1;     // when it has closed its channel and not ended
  RestartBackoff backoff;
};

Supervisor::Supervisor(SupervisorPlan plan) : plan_(std::move(plan)) {
  for (const DaemonSpec& spec : plan_.daemons)
    daemons_.push_back(std::make_unique<Daemon>(spec, plan_.longest_restart_wait));
}

Supervisor::~Supervisor() = default;

int Supervisor::run() {
  if (auto status = take_signals(); !status) {
    log_error("{}", status.error().message);
    return kFailed;
  }
  if (auto status = start_all(); !status) {
    log_error("{}", status.error().message);
    begin_stop(kFailed);
  }
  while (true) {
    if (exit_code_) {
      advance_stop();
      if (stopping_ == daemons_.size()) {
        end_sealers();
        return *exit_code_;
      }
    } else {
      act_on_deadlines();
    }
    wait_for_events();
  }
}

Status Supervisor::take_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t taken;
  ::sigemptyset(&taken);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&taken, signal);
  if (::sigprocmask(SIG_BLOCK, &taken, nullptr) != 0) return fail_errno("sigprocmask");
  signals_ = FileDescriptor(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return fail_errno("signalfd");
  return {};
}

Status Supervisor::start_all() {
  for (auto& daemon : daemons_) COFFER_CHECK(start(*daemon));
  for (auto& daemon : daemons_) hand_over(*daemon, "started");
  report_change();
  return {};
}

// Starts it and connects it to whichever of the others runs. A peer that is down gets its channels when it
// comes back.
Status Supervisor::start(Daemon& daemon) {
  daemon.restart_at = -1;
  COFFER_TRY(child, start_child({.program = daemon.spec.program,
                                 .arguments = daemon.spec.arguments(),
                                 .environment = plan_.environment,
                                 .lock_descriptor = plan_.lock_descriptor}));
  daemon.pid = child.pid;
  daemon.channel = std::make_unique<PacketChannel>(std::move(child.channel));
  hand_over_seal_material(daemon);
  connect_to_peers(daemon);
  for (const auto& [name, socket] : daemon.spec.listeners) hand_over(daemon, "listen " + name, socket);
  return {};
}

void Supervisor::hand_over_seal_material(Daemon& daemon) {
  if (!daemon.spec.unseals) return;
  constexpr std::string_view kVerb = "unseal ";
  for (const secret::SecretBytes& material : plan_.seal_material) {
    const ByteView raw = material.read(secret::RawAccess::because("keyd opens the seal with it"));
    secret::SecretBytes packet(kVerb.size() + raw.size());
    const MutableByteView out = packet.write(secret::RawAccess::because("keyd opens the seal with it"));
    std::copy(kVerb.begin(), kVerb.end(), out.begin());
    std::copy(raw.begin(), raw.end(), out.begin() + kVerb.size());
    if (const Status sent = daemon.channel->send(out); !sent)
      log_warning("{} does not take seal material: {}", daemon.spec.name, sent.error().message);
  }
}

// Until keyd says which one opens the seal, each of them may: none makes room for another.
void Supervisor::remember(Daemon& daemon, MutableByteView material) {
  if (daemon.spec.unseals && plan_.seal_material.size() < kMostSealMaterial)
    plan_.seal_material.push_back(secret::SecretBytes::copy_of(material));
  secret::wipe(material);
}

void Supervisor::keep_only(Daemon& daemon, MutableByteView material) {
  if (daemon.spec.unseals) {
    plan_.seal_material.clear();
    if (!material.empty()) plan_.seal_material.push_back(secret::SecretBytes::copy_of(material));
  }
  secret::wipe(material);
}

void Supervisor::connect_to_peers(Daemon& daemon) {
  for (auto& peer : daemons_) {
    if (peer.get() == &daemon || !peer->channel) continue;
    auto pair = make_channel_pair();
    if (!pair) {
      log_error("{}", pair.error().message);
      continue;
    }
    hand_over(daemon, "peer " + peer->spec.name + " " + plan_.host_id, pair->first.get());
    hand_over(*peer, "peer " + daemon.spec.name + " " + plan_.host_id, pair->second.get());
  }
}

// A failure needs no answer here: a daemon whose channel is broken is dying, and its end is noticed.
void Supervisor::hand_over(Daemon& daemon, std::string_view message, int descriptor) {
  if (!daemon.channel) return;
  const std::vector<int> descriptors = descriptor < 0 ? std::vector<int>{} : std::vector<int>{descriptor};
  if (auto sent = daemon.channel->send(as_bytes(message), descriptors); !sent)
    log_warning("{} does not take '{}': {}", daemon.spec.name, message, sent.error().message);
}

void Supervisor::read_reports(Daemon& daemon) {
  while (daemon.channel) {
    pollfd readable{daemon.channel->descriptor(), POLLIN, 0};
    if (::poll(&readable, 1, 0) <= 0) return;
    auto packet = daemon.channel->receive();
    if (!packet) {
      // It closed its channel, so it is ending. If it does not, nobody can reach it any more.
      daemon.channel.reset();
      daemon.kill_at = now_ms() + kEndPatience;
      return;
    }
    constexpr std::string_view kRemember = "remember ", kInForce = "in-force ";
    if (as_text(packet->bytes).starts_with(kRemember)) {
      remember(daemon, MutableByteView(packet->bytes).subspan(kRemember.size()));
    } else if (as_text(packet->bytes).starts_with(kInForce)) {
      keep_only(daemon, MutableByteView(packet->bytes).subspan(kInForce.size()));
    } else {
      on_report(daemon, as_text(packet->bytes));
    }
  }
}

void Supervisor::on_report(Daemon& daemon, std::string_view text) {
  if (text == "ready") {
    on_ready(daemon);
  } else if (constexpr std::string_view kStartSealer = "start-sealer "; text.starts_with(kStartSealer)) {
    start_sealer(daemon, text.substr(kStartSealer.size()));
  } else if (text.starts_with("failed ")) {
    log_error("{} cannot serve: {}", daemon.spec.name, text.substr(7));
    begin_stop(kFailed);
  } else {
    log_warning("{} sent a message that is not known", daemon.spec.name);
  }
}

// keyd, which may start no program, speaks to a token through it. The supervisor keeps no channel to it.
void Supervisor::start_sealer(Daemon& daemon, std::string_view number) {
  if (daemon.spec.sealer.empty() || sealers_.size() >= kMostSealers || exit_code_) {
    log_warning("{} gets no further process for a key store", daemon.spec.name);
    return;
  }
  auto child = start_child({.program = daemon.spec.sealer,
                            .arguments = {"--key-store"},
                            .environment = plan_.environment,
                            .lock_descriptor = -1});
  if (!child) {
    log_error("{}", child.error().message);
    return;
  }
  sealers_.push_back(child->pid);
  hand_over(daemon, "peer sealer " + std::string(number), child->channel.get());
}

void Supervisor::reap_sealers() {
  std::erase_if(sealers_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) == pid; });
}

// Their channels have ended with keyd.
void Supervisor::end_sealers() {
  const int64_t deadline = now_ms() + kSealersPatience;
  while (reap_sealers(), !sealers_.empty() && now_ms() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  for (const pid_t pid : sealers_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

void Supervisor::on_ready(Daemon& daemon) {
  daemon.ready = true;
  daemon.backoff.served_since(now_ms());
  report_change();
  const bool all =
      std::all_of(daemons_.begin(), daemons_.end(), [](const auto& each) { return each->ready; });
  if (served_ && !exit_code_) log_info("{} serves again", daemon.spec.name);
  if (!all || served_ || exit_code_) return;
  served_ = true;
  if (auto status = plan_.on_first_ready(); !status) {
    log_error("{}", status.error().message);
    begin_stop(kFailed);
  }
}

void Supervisor::read_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
    if (signal.ssi_signo == SIGCHLD) continue;
    if (!exit_code_) {
      log_info("stopping");
      begin_stop(kOk);
    } else {
      for (auto& daemon : daemons_)
        if (daemon->pid != 0) ::kill(daemon->pid, SIGKILL);
    }
  }
}

void Supervisor::reap() {
  reap_sealers();
  for (auto& daemon : daemons_) {
    int status = 0;
    if (daemon->pid == 0 || ::waitpid(daemon->pid, &status, WNOHANG) != daemon->pid) continue;
    read_reports(*daemon);  // its last words, such as `failed`, are still in the channel
    on_death(*daemon, status);
  }
}

void Supervisor::on_death(Daemon& daemon, int wait_status) {
  daemon.pid = 0;
  daemon.kill_at = -1;
  daemon.channel.reset();
  daemon.ready = false;
  report_change();
  if (exit_code_) return;
  const int64_t wait = daemon.backoff.died(now_ms());
  if (!served_ && daemon.backoff.deaths() >= kMostDeathsBeforeReady) {
    log_error("{} ended {} times before it could serve (last: {})", daemon.spec.name, daemon.backoff.deaths(),
              how_it_ended(wait_status));
    begin_stop(kFailed);
    return;
  }
  log_warning("{} ended ({}); starting it again{}", daemon.spec.name, how_it_ended(wait_status),
              wait == 0 ? std::string() : " in " + std::to_string(wait) + " ms");
  daemon.restart_at = now_ms() + wait;
}

void Supervisor::act_on_deadlines() {
  for (auto& daemon : daemons_) {
    if (daemon->pid != 0 && daemon->kill_at >= 0 && daemon->kill_at <= now_ms()) {
      log_warning("{} closed its channel and did not end; killing it", daemon->spec.name);
      ::kill(daemon->pid, SIGKILL);
      daemon->kill_at = -1;
    }
    if (daemon->pid != 0 || daemon->restart_at < 0 || daemon->restart_at > now_ms()) continue;
    ++daemon->restarts;
    if (auto status = start(*daemon); !status) {
      log_error("{}", status.error().message);
      daemon->restart_at = now_ms() + plan_.longest_restart_wait;
      continue;
    }
    hand_over(*daemon, "started");
    report_change();
  }
}

void Supervisor::begin_stop(int exit_code) {
  if (exit_code_) return;
  exit_code_ = exit_code;
  stopping_ = 0;
  kill_at_ = -1;
}

// One after the other: apid first, so that no call is under way when the parts that it needs go.
void Supervisor::advance_stop() {
  for (; stopping_ < daemons_.size(); ++stopping_, kill_at_ = -1) {
    Daemon& daemon = *daemons_[stopping_];
    if (daemon.pid == 0) continue;
    if (kill_at_ < 0) {
      hand_over(daemon, "stop");
      kill_at_ = now_ms() + kStopPatience;
    } else if (now_ms() >= kill_at_) {
      log_warning("{} did not stop within {} s; killing it", daemon.spec.name, kStopPatience / 1000);
      ::kill(daemon.pid, SIGKILL);
      kill_at_ = now_ms() + kStopPatience;
    }
    return;
  }
}

int64_t Supervisor::next_deadline() const {
  if (exit_code_) return kill_at_;
  int64_t next = -1;
  for (const auto& daemon : daemons_)
    for (const int64_t deadline : {daemon->restart_at, daemon->kill_at})
      if (deadline >= 0 && (next < 0 || deadline < next)) next = deadline;
  return next;
}

void Supervisor::wait_for_events() {
  std::vector<pollfd> waiting = {{signals_.get(), POLLIN, 0}};
  for (const auto& daemon : daemons_)
    if (daemon->channel) waiting.push_back({daemon->channel->descriptor(), POLLIN, 0});
  const int64_t deadline = next_deadline();
  const int timeout = deadline < 0 ? -1 : static_cast<int>(std::max<int64_t>(0, deadline - now_ms()));
  if (::poll(waiting.data(), waiting.size(), timeout) < 0) return;
  for (auto& daemon : daemons_) read_reports(*daemon);
  read_signals();
  reap();
}

void Supervisor::report_change() {
  std::vector<ProcessReport> reports;
  for (const auto& daemon : daemons_)
    reports.push_back({daemon->spec.name, daemon->pid, daemon->ready, daemon->restarts});
  plan_.on_change(reports);
}

}  // namespace coffer::cli
