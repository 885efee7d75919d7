// SPDX-License-Identifier: Apache-2.0
// coffer-apid: the catalog, the API endpoint and the trail. Started by `coffer up` (README.md in this
// folder).
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "api/admin_clock.h"
#include "api/admin_commands.h"
#include "api/admin_server.h"
#include "api/attachment_restorer.h"
#include "api/brief_calls.h"
#include "api/certificates.h"
#include "api/first_start.h"
#include "api/hardening.h"
#include "api/nbd_certificate.h"
#include "api/pipeline.h"
#include "api/restored_keys.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/process_hardening.h"
#include "base/supervisor_channel.h"
#include "daemon/apid_arguments.h"
#include "generated/ebs/model.h"
#include "generated/ec2/model.h"
#include "generated/kms/model.h"
#include "secret/arena.h"
#include "services/ebs/ebs_service.h"
#include "services/ec2/ec2_service.h"
#include "services/iam/iam_service.h"
#include "services/kms/continuous_backup.h"
#include "services/kms/domain_key_rotation.h"
#include "services/kms/key_store_worker.h"
#include "services/kms/key_worker.h"
#include "services/kms/keyd_hsm_clusters.h"
#include "services/kms/kms_service.h"
#include "services/organizations/organizations_service.h"
#include "services/sts/sts_service.h"
#include "wire/http_server.h"
#include "wire/https_client.h"
#include "xks/proxy_client.h"

namespace coffer {
namespace {

// The proxies' client; before the process is confined, for the file of authorities.
Result<std::unique_ptr<wire::HttpsClient>> start_proxies_client(const ApidArguments& arguments) {
  wire::HttpsClient::Options options = arguments.xks;
  if (!arguments.xks_authorities_file.empty()) {
    COFFER_TRY(pem, read_file(system_disk(), arguments.xks_authorities_file));
    options.authorities_pem = as_text(pem);
  }
  return wire::HttpsClient::start(std::move(options));
}

// "https://HOST:PORT" → HOST, with which the endpoint's own certificate is made.
std::string host_of(const std::string& endpoint) {
  const size_t start = endpoint.find("://");
  std::string host = endpoint.substr(start == std::string::npos ? 0 : start + 3);
  host = host.substr(0, host.find('/'));
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

api::ServiceRegistry service_registry(services::kms::KmsService& kms, services::ec2::Ec2Service& ec2,
                                      services::ebs::EbsService& ebs, services::iam::IamService& iam,
                                      services::sts::StsService& sts,
                                      services::organizations::OrganizationsService& organizations) {
  api::ServiceRegistry registry;
  registry.add({&kms::model(), [&](std::string_view operation, Call& call, const wire::Value& request) {
                  return kms::dispatch(kms, operation, call, request);
                }});
  registry.add({&ec2::model(),
                [&](std::string_view operation, Call& call, const wire::Value& request) {
                  return ec2::dispatch(ec2, operation, call, request);
                },
                [&](std::string_view operation, Call& call, const wire::Value& request) {
                  return ec2.authorise(operation, call, request);
                }});
  registry.add({&ebs::model(),
                [&](std::string_view operation, Call& call, const wire::Value& request) {
                  return ebs::dispatch(ebs, operation, call, request);
                },
                [&](std::string_view operation, Call& call, const wire::Value& request) {
                  return ebs.authorise(operation, call, request);
                }});
  registry.add({&iam::model(), [&](std::string_view operation, Call& call, const wire::Value& request) {
                  return iam::dispatch(iam, operation, call, request);
                }});
  registry.add({&sts::model(), [&](std::string_view operation, Call& call, const wire::Value& request) {
                  return sts::dispatch(sts, operation, call, request);
                }});
  registry.add(
      {&organizations::model(), [&](std::string_view operation, Call& call, const wire::Value& request) {
         return organizations::dispatch(organizations, operation, call, request);
       }});
  return registry;
}

// SIGTERM (the supervisor died, or somebody stops us by hand) ends the channel, which reads as `stop`.
void stop_on_sigterm() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  std::thread([signals] {
    int signal = 0;
    ::sigwait(&signals, &signal);
    ::shutdown(SupervisorChannel::kInheritedDescriptor, SHUT_RDWR);
  }).detach();
}

class Daemon {
 public:
  Daemon(const ApidArguments& arguments, catalog::Catalog& catalog, SupervisorChannel& supervisor,
         wire::HttpsClient& proxies_client)
      : arguments_(arguments),
        supervisor_(supervisor),
        proxies_(proxies_client, system_clock(),
                 [this](const xks::Proxy& proxy, const std::string& date) {
                   return keyd_.derive_proxy_signing_key(proxy.key_store_id, proxy.wrapped_secret, date,
                                                         proxy.region);
                 }),
        installation_{arguments.account,
                      arguments.regions,
                      arguments.host_id,
                      arguments.development,
                      clock_,
                      system_random(),
                      catalog,
                      keyd_,
                      volumed_},
        rotation_(installation_),
        continuous_backup_(catalog),
        ec2_(installation_),
        ebs_(installation_),
        pipeline_(installation_, service_registry(kms_, ec2_, ebs_, iam_, sts_, organizations_),
                  api::Failpoint(arguments.development, arguments.data + "/run/failpoint")),
        commands_(installation_, arguments.endpoint, ::geteuid(), arguments.nbd_endpoint, &pipeline_,
                  arguments.data, &clock_control_) {
    installation_.domain_key_rotation = &rotation_;
    installation_.continuous_backup = &continuous_backup_;
    installation_.proxies = &proxies_;
    installation_.hsm_clusters = &hsm_clusters_;
    installation_.kms_request_quotas = arguments.kms_request_quotas;
  }

  // Until the supervisor says stop.
  void run() {
    while (true) {
      auto message = supervisor_.next();
      if (!message) {
        log_warning("supervisor: {}", message.error().message);
        continue;
      }
      if (message->kind == SupervisorMessage::Kind::kStop) break;
      take(std::move(*message));
    }
    stopping_ = true;
    if (starter_.joinable()) starter_.join();
    continuous_backup_.stop();
    http_.stop();
    vpc_endpoints_.clear();
    admin_.reset();
    restorer_.reset();
    rotation_.stop();
    ec2_.stop();
    ebs_.stop();
    key_worker_.stop();
    key_store_worker_.stop();
  }

 private:
  using Kind = SupervisorMessage::Kind;

  void take(SupervisorMessage message) {
    if (message.kind == Kind::kStarted && !starter_.joinable()) starter_ = std::thread([this] { start(); });
    if (message.kind == Kind::kListen && message.name == "http") http_socket_ = std::move(message.descriptor);
    if (message.kind == Kind::kListen && message.name == "admin")
      admin_socket_ = std::move(message.descriptor);
    if (message.kind == Kind::kListen && message.name.starts_with("vpce-"))
      endpoint_sockets_[message.name] = std::move(message.descriptor);
    if (message.kind == Kind::kPeer && message.name == "keyd") {
      keyd_.connect(std::move(message.descriptor));
      key_store_worker_.restore();
    }
    if (message.kind == Kind::kPeer && message.name == "volumed")
      volumed_.connect(std::move(message.descriptor));
    if (message.kind == Kind::kPeer && serving_) restorer_->notify();
  }

  // While keyd is down there is nothing to serve: waits for it.
  void start() {
    while (!stopping_) {
      auto status = api::take_restored_keys(installation_, system_disk(), arguments_.data);
      if (status) status = prepare();
      if (status) status = serve();
      if (status) return;
      if (status.error().kind != ErrorKind::kUnavailable) {
        log_error("cannot serve: {}", status.error().message);
        (void)supervisor_.report_failed(status.error().message);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  Status prepare() {
    COFFER_CHECK(continuous_backup_.restore());
    COFFER_CHECK(api::prepare_installation(installation_, system_disk(), arguments_.data));
    return {};
  }

  Status serve() {
    const bool complete =
        std::all_of(arguments_.vpc_endpoints.begin(), arguments_.vpc_endpoints.end(),
                    [this](const VpcEndpoint& endpoint) { return endpoint_sockets_[endpoint.id].valid(); });
    if (!http_socket_.valid() || !admin_socket_.valid() || !complete)
      return fail(ErrorKind::kInternal, "the supervisor handed over no listening sockets");
    COFFER_CHECK(api::restore_clock(clock_, installation_.catalog, installation_.development));
    key_worker_.start();
    key_store_worker_.start();
    ec2_.resume();  // before the first call: what was cut off is told from what is under way
    ebs_.start();
    rotation_.resume();
    restorer_ = std::make_unique<api::AttachmentRestorer>(installation_, [this] {
      const Status certified = api::certify_volumed(installation_, arguments_.nbd_names);
      if (!certified) log_warning("NBD over TLS: {}", certified.error().message);
      return ec2_.restore_attachments() && certified.has_value();
    });
    serving_ = true;
    restorer_->notify();
    admin_ = std::make_unique<api::AdminServer>(
        std::move(admin_socket_),
        [this](const api::UnixPeer& peer, const std::string& line) { return commands_.answer(peer, line); });
    COFFER_CHECK(
        http_.start(std::move(http_socket_), http_options(arguments_.endpoint),
                    [this](wire::HttpRequest&& request) { return pipeline_.serve(std::move(request)); }));
    for (const VpcEndpoint& endpoint : arguments_.vpc_endpoints) COFFER_CHECK(serve_network(endpoint));
    return supervisor_.report_ready();
  }

  wire::HttpServer::Options http_options(const std::string& address) {
    wire::HttpServer::Options options;
    options.io_threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    options.is_brief = api::is_brief_call;
    options.certificates = api::certificate_source(installation_);
    options.tls_only = arguments_.tls;
    options.tls_name = host_of(address);
    options.plain_from_loopback = true;
    options.on_http_error = [this](int status, std::string_view reason, const wire::HttpRequest& partial) {
      return pipeline_.refuse_http(status, reason, partial);
    };
    return options;
  }

  // What comes in there came through the endpoint, whatever it says of itself.
  Status serve_network(const VpcEndpoint& endpoint) {
    auto server = std::make_unique<wire::HttpServer>();
    COFFER_CHECK(server->start(std::move(endpoint_sockets_[endpoint.id]), http_options(endpoint.address),
                               [this, &endpoint](wire::HttpRequest&& request) {
                                 request.vpc_endpoint = endpoint.id;
                                 request.vpc = endpoint.vpc;
                                 return pipeline_.serve(std::move(request));
                               }));
    vpc_endpoints_.push_back(std::move(server));
    return {};
  }

  const ApidArguments& arguments_;
  SupervisorChannel& supervisor_;
  keyclient::KeydClient keyd_;
  control::VolumedClient volumed_;
  AdvancedClock clock_{system_clock()};
  xks::ProxyClient proxies_;
  Installation installation_;
  services::kms::KeydHsmClusters hsm_clusters_{keyd_};
  services::kms::DomainKeyRotation rotation_;
  services::kms::ContinuousBackup continuous_backup_;
  services::kms::KeyWorker key_worker_{installation_};
  api::ClockControl clock_control_{clock_, key_worker_};
  services::kms::KeyStoreWorker key_store_worker_{installation_};
  services::kms::KmsService kms_{&key_worker_, &key_store_worker_};
  services::ec2::Ec2Service ec2_;
  services::ebs::EbsService ebs_;
  services::iam::IamService iam_;
  services::sts::StsService sts_;
  services::organizations::OrganizationsService organizations_;
  api::Pipeline pipeline_;
  api::AdminCommands commands_;
  FileDescriptor http_socket_, admin_socket_;
  std::map<std::string, FileDescriptor> endpoint_sockets_;  // by id
  std::atomic<bool> stopping_ = false, serving_ = false;
  std::unique_ptr<api::AttachmentRestorer> restorer_;
  std::unique_ptr<api::AdminServer> admin_;
  wire::HttpServer http_;
  std::vector<std::unique_ptr<wire::HttpServer>> vpc_endpoints_;
  std::thread starter_;
};

int run(int argc, char** argv) {
  set_log_process("apid");
  // Large bodies go back to the system when they are done with. The threshold would otherwise follow the
  // sizes that clients choose, and a burst of them would stay in the heap for good.
  ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  const auto arguments = parse_apid_arguments(argc, argv);
  if (!arguments) {
    log_error("{}", arguments.error().message);
    return 2;
  }
  auto supervisor = SupervisorChannel::inherited();
  if (!supervisor) {
    log_error("{}", supervisor.error().message);
    return 2;
  }
  const auto give_up = [&](const Error& error) {
    log_error("{}", error.message);
    (void)supervisor->report_failed(error.message);
    return 1;
  };
  if (auto hardened = forbid_core_dumps(); !hardened) return give_up(hardened.error());
  (void)secret::arena_kind();  // mapped while memory may be locked without limit
  if (auto dropped = drop_capabilities(); !dropped) return give_up(dropped.error());
  if (auto prepared = api::prepare_files(arguments->data); !prepared) return give_up(prepared.error());
  auto proxies_client = start_proxies_client(*arguments);
  if (!proxies_client) return give_up(proxies_client.error());
  if (auto confined = api::confine_apid(arguments->data); !confined) return give_up(confined.error());
  stop_on_sigterm();
  auto catalog = catalog::Catalog::open(api::catalog_path(arguments->data));
  if (!catalog) return give_up(catalog.error());
  Daemon(*arguments, **catalog, *supervisor, **proxies_client).run();
  return 0;
}

}  // namespace
}  // namespace coffer

int main(int argc, char** argv) {
  return coffer::run(argc, argv);
}
