// SPDX-License-Identifier: Apache-2.0
// The EBS direct APIs over the pipeline, with a volumed that keeps its snapshots in memory, and a clock.
#pragma once
#include "base/encoding.h"
#include "control/volumed_server.h"
#include "crypto/mac.h"
#include "crypto/sealed_box.h"
#include "generated/ebs/model.h"
#include "keyclient/volume_recipient.h"
#include "services/ebs/ebs_service.h"
#include "tests/support/memory_snapshots.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {

class ShiftedClock : public Clock {
 public:
  Timestamp now() const override { return {system_clock().now().microseconds + shift_seconds * 1'000'000}; }
  int64_t shift_seconds = 0;
};

class EbsFixture : public ApiFixture {
 protected:
  using json = nlohmann::json;

  EbsFixture() {
    auto pair = make_channel_pair();
    server_ = std::make_unique<control::VolumedServer>(std::move(pair->first), store_);
    volumed_.connect(std::move(pair->second));
    auto volumed_to_keyd = keyd_server_.channel_for("volumed", installation_->host_id);
    EXPECT_TRUE(keyclient::enrol_recipient(volumed_to_keyd, crypto::make_recipient_key_pair()->public_key));
    shifted_ = std::make_unique<Installation>(
        Installation{installation_->owner_account, installation_->regions, installation_->host_id, true,
                     clock_, system_random(), *catalog_, keyd_, volumed_});
    ebs_ = std::make_unique<services::ebs::EbsService>(*shifted_);
    ServiceRegistry registry;
    registry.add({&kms::model(), [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return kms::dispatch(kms_, operation, call, request);
                  }});
    registry.add({&ebs::model(),
                  [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return ebs::dispatch(*ebs_, operation, call, request);
                  },
                  [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return ebs_->authorise(operation, call, request);
                  }});
    pipeline_ = std::make_unique<Pipeline>(*shifted_, std::move(registry), Failpoint());
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;
  wire::HttpResponse serve(const std::string& method, const std::string& target, const std::string& body = "",
                           const Headers& headers = {}, const NewAccount* account = nullptr) {
    auto request = post("application/json", body);
    request.method = method;
    request.set_target(target);
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    sign(request, "ebs", "us-west-2", account, clock_.shift_seconds);
    return pipeline_->serve(std::move(request));
  }
  // "ValidationException INVALID_BLOCK", or the status of a success.
  static std::string outcome(const wire::HttpResponse& response) {
    if (response.status < 300) return std::to_string(response.status);
    const json body = json::parse(response.body);
    return std::string(response.headers.value_or("x-amzn-errortype", "")) +
           (body.contains("Reason") ? " " + body["Reason"].get<std::string>() : "");
  }

  static std::string block_of(char fill) { return std::string(512 * 1024, fill); }
  static crypto::Sha256 digest(const std::string& data) { return crypto::sha256(as_bytes(data)); }
  // LINEAR, of blocks in the order of their indices.
  static std::string aggregate(const std::vector<std::string>& blocks) {
    Bytes digests;
    for (const auto& block : blocks) std::ranges::copy(digest(block), std::back_inserter(digests));
    return base64(crypto::sha256(digests));
  }

  wire::HttpResponse start(const json& parameters) { return serve("POST", "/snapshots", parameters.dump()); }
  std::string started(const json& parameters = {{"VolumeSize", 1}}) {
    const auto response = start(parameters);
    EXPECT_EQ(response.status, 201) << response.body;
    return response.status == 201 ? json::parse(response.body)["SnapshotId"].get<std::string>() : "";
  }
  wire::HttpResponse put(const std::string& snapshot, int index, const std::string& data,
                         const Headers& more = {}) {
    Headers headers = {{"x-amz-Data-Length", std::to_string(data.size())},
                       {"x-amz-Checksum", base64(digest(data))},
                       {"x-amz-Checksum-Algorithm", "SHA256"}};
    for (const auto& [name, value] : more) {
      std::erase_if(headers, [&](const auto& header) { return header.first == name; });
      headers.emplace_back(name, value);
    }
    return serve("PUT", "/snapshots/" + snapshot + "/blocks/" + std::to_string(index), data, headers);
  }
  wire::HttpResponse complete(const std::string& snapshot, int count, const std::string& checksum = "") {
    Headers headers = {{"x-amz-ChangedBlocksCount", std::to_string(count)}};
    if (!checksum.empty()) {
      headers.emplace_back("x-amz-Checksum", checksum);
      headers.emplace_back("x-amz-Checksum-Algorithm", "SHA256");
      headers.emplace_back("x-amz-Checksum-Aggregation-Method", "LINEAR");
    }
    return serve("POST", "/snapshots/completion/" + snapshot, "", headers);
  }
  std::string completed(const std::map<int, std::string>& blocks,
                        const json& parameters = {{"VolumeSize", 1}}) {
    const std::string snapshot = started(parameters);
    for (const auto& [index, data] : blocks) EXPECT_EQ(outcome(put(snapshot, index, data)), "201");
    EXPECT_EQ(outcome(complete(snapshot, static_cast<int>(blocks.size()))), "202");
    return snapshot;
  }
  json list(const std::string& snapshot, const std::string& query = "") {
    const auto response = serve("GET", "/snapshots/" + snapshot + "/blocks" + query);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body);
  }
  wire::HttpResponse changed(const std::string& first, const std::string& second) {
    return serve("GET", "/snapshots/" + second + "/changedblocks?firstSnapshotId=" + first);
  }
  wire::HttpResponse get(const std::string& snapshot, int index, const std::string& token,
                         const NewAccount* account = nullptr) {
    return serve("GET",
                 "/snapshots/" + snapshot + "/blocks/" + std::to_string(index) +
                     "?blockToken=" + percent_encode(token),
                 "", {}, account);
  }
  std::string create_key() {
    return json::parse(serve_kms("CreateKey", "{}").body)["KeyMetadata"]["Arn"].get<std::string>();
  }
  catalog::Snapshot row(const std::string& id) {
    catalog::Snapshot found;
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(snapshot, transaction.snapshot(id));
      if (!snapshot) return fail(ErrorKind::kNotFound, id);
      found = *snapshot;
      return {};
    }));
    return found;
  }

  ShiftedClock clock_;
  control::MemorySnapshots store_;
  std::unique_ptr<control::VolumedServer> server_;
  std::unique_ptr<Installation> shifted_;
  std::unique_ptr<services::ebs::EbsService> ebs_;
};

}  // namespace coffer::api
