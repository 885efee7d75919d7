// SPDX-License-Identifier: Apache-2.0
// Starts the daemons, gives each a channel to each other, restarts one that dies, and stops them in order.
// One thread, one poll(2); the protocol is in src/daemon/README.md.
#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/packet_channel.h"
#include "base/result.h"
#include "cli/restart_backoff.h"
#include "secret/secret_bytes.h"

namespace coffer::cli {

struct DaemonSpec {
  std::string name;                                         // "keyd"
  std::string program;                                      // path
  std::function<std::vector<std::string>()> arguments;      // asked at every start
  std::vector<std::pair<std::string, int>> listeners = {};  // handed over as `listen NAME`; borrowed
  bool unseals = false;                                     // gets, and may add to, the seal material
  std::string sealer = {};  // the program that it may have started for a key store; empty: none
};

struct ProcessReport {
  std::string name;
  pid_t pid = 0;  // 0: not running
  bool ready = false;
  int64_t restarts = 0;
};

struct SupervisorPlan {
  std::vector<DaemonSpec> daemons;  // in the order in which they are stopped
  std::string host_id;
  std::vector<std::string> environment;
  int lock_descriptor = -1;
  int64_t longest_restart_wait = RestartBackoff::kLongestWait;  // ms, before a daemon that died starts again
  // What opens the seal where no file does: handed over at each start of whoever unseals, so that keyd's
  // death needs nobody at a keyboard. Never on a disk.
  std::vector<secret::SecretBytes> seal_material = {};
  std::function<Status()> on_first_ready = [] { return Status(); };  // all were ready once
  std::function<void(const std::vector<ProcessReport>&)> on_change = [](const auto&) {};
};

class Supervisor {
 public:
  explicit Supervisor(SupervisorPlan plan);
  ~Supervisor();

  // Until SIGTERM or SIGINT (kOk), or until a daemon says that it cannot serve (kFailed). A second signal
  // while stopping kills what is left. All daemons have ended when it returns.
  int run();

 private:
  struct Daemon;

  Status take_signals();
  Status start_all();
  Status start(Daemon& daemon);
  void connect_to_peers(Daemon& daemon);
  void hand_over(Daemon& daemon, std::string_view message, int descriptor = -1);
  void read_reports(Daemon& daemon);
  void hand_over_seal_material(Daemon& daemon);
  void remember(Daemon& daemon, MutableByteView material);
  void keep_only(Daemon& daemon, MutableByteView material);
  void start_sealer(Daemon& daemon, std::string_view number);
  void reap_sealers();
  void end_sealers();
  void on_report(Daemon& daemon, std::string_view text);
  void on_ready(Daemon& daemon);
  void on_death(Daemon& daemon, int wait_status);
  void read_signals();
  void reap();
  void act_on_deadlines();
  void begin_stop(int exit_code);
  void advance_stop();
  void wait_for_events();
  int64_t next_deadline() const;
  void report_change();

  SupervisorPlan plan_;
  std::vector<std::unique_ptr<Daemon>> daemons_;
  std::vector<pid_t> sealers_;  // they end with their channels, which keyd has
  FileDescriptor signals_;
  bool served_ = false;           // all were ready once
  std::optional<int> exit_code_;  // set once stopping has begun
  size_t stopping_ = 0;           // index of the daemon that is being stopped
  int64_t kill_at_ = -1;
};

}  // namespace coffer::cli
