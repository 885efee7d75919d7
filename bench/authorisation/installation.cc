// SPDX-License-Identifier: Apache-2.0
#include "bench/authorisation/installation.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/random.h"
#include "wire/sigv4_sign.h"

namespace coffer::bench {
namespace {

std::string percent_encoded(const std::string& text) {
  std::string encoded;
  for (const unsigned char c : text)
    encoded += std::isalnum(c) ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  return encoded;
}

wire::HttpRequest post(const std::string& content_type, const std::string& body) {
  wire::HttpRequest request;
  request.method = "POST";
  request.set_target("/");
  request.headers.add("Host", "127.0.0.1:4599");
  request.headers.add("Content-Type", content_type);
  request.headers.add("User-Agent", "benchmark");
  request.body = to_bytes(body);
  request.peer_address = "127.0.0.1";
  return request;
}

// Global services sign for us-east-1.
std::string region_of(const std::string& service) {
  return service == "kms" || service == "sts" ? MeasuredInstallation::kRegion : "us-east-1";
}

void sign(wire::HttpRequest& request, const Credentials& by, const std::string& service) {
  const auto status = wire::sign_request(
      request, {by.access_key_id, *by.secret, by.session_token, region_of(service), service},
      system_clock().now());
  if (!status) give_up(status.error().message);
}

}  // namespace

void give_up(const std::string& message) {
  std::fprintf(stderr, "bench_authorisation: %s\n", message.c_str());
  std::exit(1);
}

MeasuredInstallation::MeasuredInstallation() {
  catalog_ = must(catalog::Catalog::open(folder_ / "catalog.db"));
  keyd_.connect(keyd_server_.channel_for("apid", "i-1"));
  installation_ = std::make_unique<Installation>(Installation{kAccount,
                                                              {kRegion, "us-east-1"},
                                                              "i-0123456789abcdef0",
                                                              false,
                                                              system_clock(),
                                                              system_random(),
                                                              *catalog_,
                                                              keyd_,
                                                              volumed_});
  api::NewAccount account = must(api::make_account(*installation_, kAccount));
  const auto stored = catalog_->write(
      [&](catalog::Transaction& transaction) { return api::insert_account(transaction, account); });
  if (!stored) give_up(stored.error().message);
  root_ = {account.access_key.id, std::make_shared<secret::SecretBytes>(std::move(account.secret)), ""};
  pipeline_ = std::make_unique<api::Pipeline>(*installation_, services(), api::Failpoint());
}

api::Service MeasuredInstallation::watched(const wire::ServiceModel& model, api::Service::Dispatch dispatch) {
  return {&model, [this, dispatch = std::move(dispatch)](std::string_view operation, Call& call,
                                                         const wire::Value& request) {
            last_principal_ = call.principal;
            return dispatch(operation, call, request);
          }};
}

api::ServiceRegistry MeasuredInstallation::services() {
  api::ServiceRegistry registry;
  registry.add(watched(kms::model(), [this](auto operation, Call& call, const auto& request) {
    return kms::dispatch(kms_, operation, call, request);
  }));
  registry.add(watched(iam::model(), [this](auto operation, Call& call, const auto& request) {
    return iam::dispatch(iam_, operation, call, request);
  }));
  registry.add(watched(sts::model(), [this](auto operation, Call& call, const auto& request) {
    return sts::dispatch(sts_, operation, call, request);
  }));
  registry.add(watched(organizations::model(), [this](auto operation, Call& call, const auto& request) {
    return organizations::dispatch(organizations_, operation, call, request);
  }));
  return registry;
}

std::string MeasuredInstallation::answer_of(wire::HttpRequest request) {
  const wire::HttpResponse response = pipeline_->serve(std::move(request));
  if (response.status != 200) give_up(fmt::format("{}: {}", response.status, response.body));
  return response.body;
}

nlohmann::json MeasuredInstallation::json_call(const Credentials& by, const std::string& service,
                                               const std::string& operation, const nlohmann::json& request) {
  auto http = post("application/x-amz-json-1.1", request.dump());
  http.headers.add("X-Amz-Target",
                   (service == "kms" ? "TrentService." : "AWSOrganizationsV20161128.") + operation);
  sign(http, by, service);
  const std::string answer = answer_of(std::move(http));
  return answer.empty() ? nlohmann::json() : nlohmann::json::parse(answer);
}

std::string MeasuredInstallation::form_call(const Credentials& by, const std::string& service,
                                            const std::string& operation, const Form& form) {
  std::string body =
      fmt::format("Action={}&Version={}", operation, service == "iam" ? "2010-05-08" : "2011-06-15");
  for (const auto& [name, value] : form) body += fmt::format("&{}={}", name, percent_encoded(value));
  auto request = post("application/x-www-form-urlencoded; charset=utf-8", body);
  sign(request, by, service);
  return answer_of(std::move(request));
}

wire::HttpRequest MeasuredInstallation::signed_kms_request(const Credentials& by,
                                                           const std::string& operation,
                                                           const nlohmann::json& request) const {
  auto http = post("application/x-amz-json-1.1", request.dump());
  http.headers.add("X-Amz-Target", "TrentService." + operation);
  sign(http, by, "kms");
  return http;
}

std::string element(const std::string& xml, const std::string& name) {
  const std::string open = "<" + name + ">";
  const size_t start = xml.find(open), end = xml.find("</" + name + ">");
  if (start == std::string::npos || end == std::string::npos) give_up("no " + name + " in " + xml);
  return xml.substr(start + open.size(), end - start - open.size());
}

}  // namespace coffer::bench
