// SPDX-License-Identifier: Apache-2.0
// A whole apid but for its sockets: the real catalog in a temporary folder, the real keyd on a channel, the
// real handlers of kms; and a client that signs its requests. volumed is down.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "api/accounts.h"
#include "api/pipeline.h"
#include "generated/ec2/model.h"
#include "generated/kms/model.h"
#include "services/ec2/ec2_service.h"
#include "services/iam/iam_service.h"
#include "services/kms/kms_service.h"
#include "services/organizations/organizations_service.h"
#include "services/sts/sts_service.h"
#include "tests/unit/catalog/temporary_folder.h"
#include "tests/unit/keyclient/keyd_in_process.h"
#include "wire/sigv4_sign.h"

namespace coffer::api {

class ApiFixture : public ::testing::Test {
 protected:
  ApiFixture() {
    catalog_ = std::move(*catalog::Catalog::open(folder_ / "catalog.db"));
    keyd_.connect(keyd_server_.channel_for("apid", "i-1"));
    installation_ = std::make_unique<Installation>(Installation{"123456789012",
                                                                {"us-west-2", "us-east-1"},
                                                                "i-0123456789abcdef0",
                                                                true,
                                                                system_clock(),
                                                                system_random(),
                                                                *catalog_,
                                                                keyd_,
                                                                volumed_});
    ec2_ = std::make_unique<services::ec2::Ec2Service>(*installation_);
    owner_ = new_account("123456789012");
    make_pipeline();
  }

  void make_pipeline() {
    ServiceRegistry registry;
    registry.add({&kms::model(), [this](std::string_view operation, Call& call, const wire::Value& request) {
                    if (before_dispatch) before_dispatch(call);
                    return kms::dispatch(kms_, operation, call, request);
                  }});
    registry.add({&ec2::model(),
                  [this](std::string_view operation, Call& call, const wire::Value& request) {
                    if (before_dispatch) before_dispatch(call);
                    return ec2::dispatch(*ec2_, operation, call, request);
                  },
                  [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return ec2_->authorise(operation, call, request);
                  }});
    registry.add({&iam::model(), [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return iam::dispatch(iam_, operation, call, request);
                  }});
    registry.add({&sts::model(), [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return sts::dispatch(sts_, operation, call, request);
                  }});
    registry.add(
        {&organizations::model(), [this](std::string_view operation, Call& call, const wire::Value& request) {
           return organizations::dispatch(organizations_, operation, call, request);
         }});
    pipeline_ = std::make_unique<Pipeline>(*installation_, std::move(registry), Failpoint());
  }

  NewAccount new_account(const std::string& id) {
    auto account = make_account(*installation_, id);
    EXPECT_TRUE(account) << account.error().message;
    EXPECT_TRUE(catalog_->write(
        [&](catalog::Transaction& transaction) { return insert_account(transaction, *account); }));
    return std::move(*account);
  }

  static wire::HttpRequest post(const std::string& content_type, const std::string& body) {
    wire::HttpRequest request;
    request.method = "POST";
    request.set_target("/");
    request.headers.add("Host", "127.0.0.1:4599");
    request.headers.add("Content-Type", content_type);
    request.headers.add("User-Agent", "test");
    request.body = to_bytes(body);
    request.peer_address = "127.0.0.1";
    return request;
  }
  static wire::HttpRequest kms_request(const std::string& operation, const std::string& body) {
    auto request = post("application/x-amz-json-1.1", body);
    request.headers.add("X-Amz-Target", "TrentService." + operation);
    return request;
  }
  static wire::HttpRequest ec2_request(const std::string& action, const std::string& parameters = "") {
    return post("application/x-www-form-urlencoded; charset=utf-8",
                "Action=" + action + "&Version=2016-11-15" + parameters);
  }
  void sign(wire::HttpRequest& request, const std::string& service, const std::string& region = "us-west-2",
            const NewAccount* account = nullptr, int64_t skew_seconds = 0) {
    const NewAccount& signer = account == nullptr ? owner_ : *account;
    const Timestamp now{system_clock().now().microseconds + skew_seconds * 1000000};
    const auto status =
        wire::sign_request(request, {signer.access_key.id, signer.secret, "", region, service}, now);
    ASSERT_TRUE(status) << status.error().message;
  }

  wire::HttpResponse serve_kms(const std::string& operation, const std::string& body) {
    auto request = kms_request(operation, body);
    sign(request, "kms");
    return pipeline_->serve(std::move(request));
  }
  wire::HttpResponse serve_ec2(const std::string& action, const std::string& parameters = "") {
    auto request = ec2_request(action, parameters);
    sign(request, "ec2");
    return pipeline_->serve(std::move(request));
  }

  static std::string json_code(const wire::HttpResponse& response) {
    return nlohmann::json::parse(response.body)["__type"].get<std::string>();
  }
  static std::string xml_text(const wire::HttpResponse& response, const std::string& element) {
    const std::string open = "<" + element + ">";
    const size_t start = response.body.find(open), end = response.body.find("</" + element + ">");
    return start == std::string::npos ? ""
                                      : response.body.substr(start + open.size(), end - start - open.size());
  }
  // Newest first.
  std::vector<nlohmann::json> trail(const std::string& account = "123456789012") {
    std::vector<nlohmann::json> records;
    EXPECT_TRUE(catalog_->read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(events, transaction.trail(account, 1000));
      for (const auto& event : events) records.push_back(nlohmann::json::parse(event.record));
      return {};
    }));
    return records;
  }

  testing::TemporaryFolder folder_;
  keyclient::KeydInProcess keyd_server_;
  keyclient::KeydClient keyd_;
  control::VolumedClient volumed_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Installation> installation_;
  services::kms::KmsService kms_;
  services::iam::IamService iam_;
  services::sts::StsService sts_;
  services::organizations::OrganizationsService organizations_;
  std::unique_ptr<services::ec2::Ec2Service> ec2_;
  NewAccount owner_;
  std::unique_ptr<Pipeline> pipeline_;
  std::function<void(Call&)> before_dispatch;
};

}  // namespace coffer::api
