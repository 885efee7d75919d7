// SPDX-License-Identifier: Apache-2.0
// `coffer up`: opens or initialises the data folder, binds the sockets, and supervises keyd, apid and
// volumed.
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/process_hardening.h"
#include "base/random.h"
#include "base/vpc_endpoint.h"
#include "cli/child_process.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/exit_code.h"
#include "cli/listener.h"
#include "cli/output.h"
#include "cli/run_folder.h"
#include "cli/seal_file.h"
#include "cli/supervisor.h"
#include "cli/unsealing.h"
#include "cli/xks_options.h"

extern char** environ;

namespace coffer::cli {
namespace {

constexpr int kPatienceWithLeftOvers = 15000;  // ms: processes of a killed supervisor stop by themselves

// Everything that `coffer up` holds while it serves.
struct Site {
  std::string folder, run_folder, programs;
  FileDescriptor lock;
  InstallationFile installation;
  bool written = false;  // is it in DIR already?
  TcpListener http;
  std::optional<TcpListener> nbd;  // NBD over TLS
  struct EndpointListener {
    VpcEndpoint endpoint;  // with the port that was given
    FileDescriptor socket;
  };
  std::vector<EndpointListener> vpc_endpoints;
  FileDescriptor admin;
  std::string endpoint;
  std::string seal = "key-file";  // of domain keys that are made at this start
};

Result<ListenAddress> checked_address(const std::string& listen, const UpOptions& options) {
  COFFER_TRY(address, parse_listen_address(listen));
  if (!address.loopback && !options.tls)
    return fail(ErrorKind::kInvalidArgument,
                listen +
                    " can be reached from other machines, so requests would cross the network in the "
                    "clear: add --tls, or listen on 127.0.0.1");
  return address;
}

Result<std::string> folder_of_programs() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return fail_errno("/proc/self/exe");
  const std::string self(path, static_cast<size_t>(length));
  const std::string folder = self.substr(0, self.rfind('/'));
  for (const char* name : {"keyd", "apid", "volumed"}) {
    const std::string program = folder + "/coffer-" + name;
    if (::access(program.c_str(), X_OK) != 0) return fail_errno(program);
  }
  return folder;
}

Result<std::string> absolute_path(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  char here[PATH_MAX];
  if (::getcwd(here, sizeof here) == nullptr) return fail_errno("current folder");
  return std::string(here) + "/" + path;
}

Result<std::string> checked_seal_file(const std::string& path) {
  COFFER_TRY(seal_file, absolute_path(path));
  if (seal_file.empty()) return seal_file;
  const std::string folder = seal_file.substr(0, seal_file.rfind('/') + 1);
  if (::access(folder.c_str(), F_OK) != 0)
    return fail(ErrorKind::kNotFound, "the folder of the seal's key file, " + folder +
                                          ", cannot be reached; is the disk that holds it mounted?");
  return seal_file;
}

// As long as there are no domain keys, there is nothing of an installation that a first start which was
// refused could have fixed: it is begun anew.
Status open_installation(Site& site, const UpOptions& options) {
  COFFER_TRY(seal_file, checked_seal_file(options.seal_file));
  const InstallationWishes wishes{options.account, options.regions, options.development, seal_file};
  COFFER_TRY(exists, system_disk().exists(site.folder + "/installation.json"));
  if (exists) {
    COFFER_TRY(installation, read_installation(site.folder));
    site.installation = std::move(installation);
    site.written = site.installation.initialised || has_sealed_keys(site.folder);
  }
  if (!site.written) {
    COFFER_TRY(made, new_installation(wishes, system_clock(), system_random()));
    site.installation = std::move(made);
    return {};
  }
  if (!seal_file.empty()) COFFER_CHECK(check_seal_file(site.folder, seal_file));
  COFFER_TRY(installation, with_wishes(std::move(site.installation), wishes));
  site.installation = std::move(installation);
  return {};
}

Result<Site::EndpointListener> listen_for(const std::string& text, const UpOptions& options) {
  COFFER_TRY(endpoint, parse_vpc_endpoint(text));
  COFFER_TRY(address, checked_address(endpoint.address, options));
  COFFER_TRY(listener, listen_tcp(address));
  endpoint.address = host_and_port(listener.address);
  return Site::EndpointListener{std::move(endpoint), std::move(listener.socket)};
}

Status listen_for_networks(Site& site, const UpOptions& options) {
  for (const std::string& text : options.vpc_endpoints) {
    COFFER_TRY(made, listen_for(text, options));
    for (const auto& other : site.vpc_endpoints)
      if (other.endpoint.id == made.endpoint.id)
        return fail(ErrorKind::kInvalidArgument, "--vpc-endpoint " + made.endpoint.id + " is given twice");
    site.vpc_endpoints.push_back(std::move(made));
  }
  return {};
}

// "vpce-ID[/vpc-ID] URL" a line; `coffer status` reads it.
std::string note_of_endpoints(const Site& site, bool tls) {
  std::string text;
  for (const auto& [endpoint, socket] : site.vpc_endpoints)
    text += endpoint.id + (endpoint.vpc.empty() ? "" : "/" + endpoint.vpc) +
            (tls ? " https://" : " http://") + endpoint.address + "\n";
  return text;
}

Result<Site> prepare(const UpOptions& options) {
  Site site;
  COFFER_TRY(address, checked_address(options.listen, options));
  COFFER_TRY(programs, folder_of_programs());
  site.programs = programs;
  COFFER_TRY(folder, prepare_data_folder(options.data));
  site.folder = folder;
  COFFER_TRY(lock, lock_data_folder(folder, kPatienceWithLeftOvers));
  site.lock = std::move(lock);
  COFFER_TRY(http, listen_tcp(address));  // first, so that a taken port leaves no half-made installation
  site.http = std::move(http);
  if (!options.nbd_listen.empty()) {
    COFFER_TRY(nbd_address, parse_listen_address(options.nbd_listen));
    COFFER_TRY(nbd, listen_tcp(nbd_address));
    site.nbd = std::move(nbd);
  }
  COFFER_CHECK(listen_for_networks(site, options));
  COFFER_CHECK(open_installation(site, options));
  COFFER_TRY(run_folder, prepare_run_folder(folder, default_short_parents()));
  site.run_folder = run_folder;
  COFFER_TRY(admin, listen_unix(run_folder + "/admin.sock"));
  site.admin = std::move(admin);
  site.endpoint = endpoint_url(site.http.address, options.tls);
  if (!options.seal.empty()) site.seal = options.seal;
  COFFER_CHECK(write_note(run_folder, "endpoint", site.endpoint + "\n"));
  COFFER_CHECK(write_note(run_folder, "vpc-endpoints", note_of_endpoints(site, options.tls)));
  return site;
}

std::vector<std::string> keyd_arguments(const Site& site) {
  std::vector<std::string> arguments = {"--data",      site.folder,
                                        "--seal-file", seal_file_of(site.folder, site.installation),
                                        "--sealer",    site.programs + "/coffer-sealer"};
  // Sealed domain keys that exist are never made anew, whatever installation.json says.
  if (!site.installation.initialised && !has_sealed_keys(site.folder))
    arguments.insert(arguments.end(), {"--initialise", "--seal", site.seal});
  return arguments;
}

std::vector<std::string> apid_arguments(const Site& site, const UpOptions& options) {
  std::vector<std::string> arguments = {"--data",     site.folder,   "--account", site.installation.account,
                                        "--endpoint", site.endpoint, "--host-id", site.installation.host_id};
  for (const std::string& region : site.installation.regions) {
    arguments.emplace_back("--region");
    arguments.push_back(region);
  }
  if (options.tls) arguments.emplace_back("--tls");
  if (options.kms_request_quotas) arguments.emplace_back("--kms-request-quotas");
  arguments.insert(arguments.end(), {"--xks-timeout", std::to_string(options.xks_timeout)});
  if (!options.xks_ca.empty()) arguments.insert(arguments.end(), {"--xks-ca", options.xks_ca});
  for (const std::string& host : options.xks_connect)
    arguments.insert(arguments.end(), {"--xks-connect", host});
  if (site.nbd) {
    arguments.insert(arguments.end(), {"--nbd-endpoint", host_and_port(site.nbd->address)});
    for (const std::string& name : names_of(site.nbd->address))
      arguments.insert(arguments.end(), {"--nbd-name", name});
  }
  for (const auto& [endpoint, socket] : site.vpc_endpoints)
    arguments.insert(arguments.end(), {"--vpc-endpoint", to_text(endpoint)});
  if (site.installation.development) arguments.emplace_back("--development");
  return arguments;
}

std::vector<std::string> volumed_arguments(const Site& site, const UpOptions& options) {
  return {"--data",     site.folder,
          "--crypto",   options.crypto,
          "--io",       options.io,
          "--throttle", options.throttle ? "on" : "off",
          "--nbd-tls",  site.nbd ? "on" : "off"};
}

// Only now are new wishes remembered: a seal file that did not open anything is not.
Status on_first_ready(Site& site) {
  site.installation.initialised = true;
  COFFER_TRY(before, read_installation(site.folder));
  if (to_json(before) != to_json(site.installation))
    COFFER_CHECK(write_installation(site.folder, site.installation));
  for (const std::string& warning : seal_file_warnings(site.folder, site.installation))
    log_warning("{}", warning);
  print("ready " + site.endpoint + "\n");
  return {};
}

// One line a process: name, pid (0: down), "ready" or "starting", restarts. `coffer status` reads it.
void note_processes(const Site& site, const std::vector<ProcessReport>& reports) {
  std::string text;
  for (const ProcessReport& report : reports)
    text += fmt::format("{} {} {} {}\n", report.name, report.pid, report.ready ? "ready" : "starting",
                        report.restarts);
  if (auto status = write_note(site.run_folder, "processes", text); !status)
    log_warning("{}", status.error().message);
}

SupervisorPlan plan_for(Site& site, const UpOptions& options) {
  SupervisorPlan plan;
  plan.host_id = site.installation.host_id;
  plan.environment = daemon_environment(environ);
  plan.lock_descriptor = site.lock.get();
  // A rehearsal kills daemons again and again, and would mostly wait.
  if (site.installation.development) plan.longest_restart_wait = RestartBackoff::kFirstWait;
  plan.daemons = {
      {.name = "apid",
       .program = site.programs + "/coffer-apid",
       .arguments = [&site, options] { return apid_arguments(site, options); },
       .listeners = {{"http", site.http.socket.get()}, {"admin", site.admin.get()}}},
      {.name = "volumed",
       .program = site.programs + "/coffer-volumed",
       .arguments = [&site, options] { return volumed_arguments(site, options); }},
      {.name = "keyd",
       .program = site.programs + "/coffer-keyd",
       .arguments = [&site] { return keyd_arguments(site); },
       .unseals = true,
       .sealer = site.programs + "/coffer-sealer"},
  };
  for (const auto& [endpoint, socket] : site.vpc_endpoints)
    plan.daemons[0].listeners.emplace_back(endpoint.id, socket.get());
  if (site.nbd) plan.daemons[1].listeners = {{"nbd", site.nbd->socket.get()}};
  plan.on_first_ready = [&site] { return on_first_ready(site); };
  plan.on_change = [&site](const auto& reports) { note_processes(site, reports); };
  return plan;
}

int refuse(const Error& error) {
  complain(error.message);
  return kUsage;
}

// Many volumes and connections are many descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int up(const UpOptions& wishes) {
  ::umask(077);
  set_log_process("coffer");
  // It may hold what opens the seal.
  if (const Status undumpable = forbid_core_dumps(); !undumpable)
    log_warning("{}", undumpable.error().message);
  UpOptions options = wishes;
  if (const Status checked = check_xks_options(options); !checked) return refuse(checked.error());
  auto site = prepare(options);
  if (!site) return refuse(site.error());
  auto material = unsealing_material(site->folder, site->installation, options);
  if (!material) return refuse(material.error());
  if (!site->written)
    if (const Status written = write_installation(site->folder, site->installation); !written)
      return refuse(written.error());
  raise_descriptor_limit();
  log_info("{} serves account {} in {} as host {}", site->folder, site->installation.account,
           fmt::format("{}", fmt::join(site->installation.regions, ", ")), site->installation.host_id);
  SupervisorPlan plan = plan_for(*site, options);
  plan.seal_material = std::move(*material);
  const int code = Supervisor(std::move(plan)).run();
  clear_run_folder(site->folder);
  return code;
}

}  // namespace coffer::cli
