// SPDX-License-Identifier: Apache-2.0
// Does a REST service go the same way as the others: routed by method and path, refused and answered in its
// own shape, and recorded? The handlers are the test's own.
#include <algorithm>

#include "base/encoding.h"
#include "generated/ebs/model.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

using nlohmann::json;

class Blocks : public ebs::Handlers {
 public:
  Result<ebs::CompleteSnapshotResponse> complete_snapshot(Call&,
                                                          const ebs::CompleteSnapshotRequest&) override {
    return ebs::CompleteSnapshotResponse{.status = "completed"};
  }
  Result<ebs::GetSnapshotBlockResponse> get_snapshot_block(
      Call&, const ebs::GetSnapshotBlockRequest& request) override {
    if (request.block_index == 404) return fail(ErrorKind::kNotFound, "gone");
    if (request.block_index == 500) return fail(ErrorKind::kInternal, "a secret of ours");
    return ebs::GetSnapshotBlockResponse{.block_data = to_bytes("block " + request.block_token)};
  }
  Result<ebs::ListChangedBlocksResponse> list_changed_blocks(Call&,
                                                             const ebs::ListChangedBlocksRequest&) override {
    return ebs::ListChangedBlocksResponse{};
  }
  Result<ebs::ListSnapshotBlocksResponse> list_snapshot_blocks(
      Call& call, const ebs::ListSnapshotBlocksRequest&) override {
    COFFER_CHECK(
        call.authorise("ebs:ListSnapshotBlocks", "arn:aws:ec2:us-west-2:222222222222:snapshot/snap-1"));
    return ebs::ListSnapshotBlocksResponse{};
  }
  Result<ebs::PutSnapshotBlockResponse> put_snapshot_block(
      Call&, const ebs::PutSnapshotBlockRequest& request) override {
    last_block = request.block_data;
    return ebs::PutSnapshotBlockResponse{.checksum = request.checksum};
  }
  Result<ebs::StartSnapshotResponse> start_snapshot(Call& call,
                                                    const ebs::StartSnapshotRequest& request) override {
    ++started;
    return call.commit<ebs::StartSnapshotResponse>([&](catalog::Transaction&) {
      return Result<ebs::StartSnapshotResponse>(
          ebs::StartSnapshotResponse{.snapshot_id = "snap-1", .volume_size = request.volume_size});
    });
  }

  Bytes last_block;
  int started = 0;
};

class RestServiceTest : public ApiFixture {
 protected:
  RestServiceTest() {
    ServiceRegistry registry;
    registry.add({&kms::model(), [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return kms::dispatch(kms_, operation, call, request);
                  }});
    registry.add({&ec2::model(), [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return ec2::dispatch(*ec2_, operation, call, request);
                  }});
    registry.add({&ebs::model(), [this](std::string_view operation, Call& call, const wire::Value& request) {
                    return ebs::dispatch(blocks_, operation, call, request);
                  }});
    pipeline_ = std::make_unique<Pipeline>(*installation_, std::move(registry), Failpoint());
  }

  static wire::HttpRequest request(const std::string& method, const std::string& target,
                                   const std::string& body = "") {
    auto made = post("application/json", body);
    made.method = method;
    made.set_target(target);
    return made;
  }
  wire::HttpResponse serve(wire::HttpRequest request) {
    sign(request, "ebs");
    return pipeline_->serve(std::move(request));
  }
  static wire::HttpRequest put_request(const std::string& block) {
    auto made = request("PUT", "/snapshots/snap-1/blocks/7", block);
    made.headers.add("x-amz-Data-Length", std::to_string(block.size()));
    made.headers.add("x-amz-Checksum", "abc=");
    made.headers.add("x-amz-Checksum-Algorithm", "SHA256");
    return made;
  }
  static std::string error_type(const wire::HttpResponse& response) {
    return std::string(response.headers.value_or("x-amzn-errortype", ""));
  }

  Blocks blocks_;
};

TEST_F(RestServiceTest, AnswersWithABlockAndRecordsTheCallWithoutIt) {
  const auto response = serve(request("GET", "/snapshots/snap-1/blocks/7?blockToken=t"));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.body, "block t");
  EXPECT_EQ(response.headers.value_or("content-type", ""), "application/octet-stream");
  const auto records = trail();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]["eventSource"], "ebs.amazonaws.com");
  EXPECT_EQ(records[0]["eventName"], "GetSnapshotBlock");
  EXPECT_EQ(records[0]["readOnly"], true);
  EXPECT_EQ(records[0]["requestParameters"]["snapshotId"], "snap-1");
  EXPECT_EQ(records[0]["requestID"], std::string(response.headers.value_or("x-amzn-requestid", "")));
}

TEST_F(RestServiceTest, TheHostNamesTheServiceBeforeTheScopeDoes) {
  auto by_host = request("GET", "/snapshots/snap-1/changedblocks");
  by_host.headers.set("Host", "ebs.us-west-2.amazonaws.com");
  EXPECT_EQ(serve(by_host).status, 200);
  auto elsewhere = request("GET", "/snapshots/snap-1/changedblocks");
  elsewhere.headers.set("Host", "kms.us-west-2.amazonaws.com");
  EXPECT_EQ(json_code(serve(elsewhere)), "InvalidSignatureException");
}

TEST_F(RestServiceTest, APayloadMayBeLeftOutOfTheSignatureWhereTheModelSaysSo) {
  auto put = put_request("plain");
  put.headers.add("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
  const auto response = serve(put);
  EXPECT_EQ(response.status, 201) << response.body;
  EXPECT_EQ(as_text(blocks_.last_block), "plain");
  EXPECT_EQ(serve(put_request("signed")).status, 201);
  EXPECT_EQ(as_text(blocks_.last_block), "signed");
  auto start = request("POST", "/snapshots", R"({"VolumeSize":1})");
  start.headers.add("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
  const auto refused = serve(start);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(error_type(refused), "InvalidSignatureException");
}

TEST_F(RestServiceTest, AParameterThatNobodySignedIsRefused) {
  auto put = put_request("plain");
  sign(put, "ebs");
  put.headers.add("x-amz-Progress", "50");
  const auto response = pipeline_->serve(std::move(put));
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(error_type(response), "InvalidSignatureException");
}

TEST_F(RestServiceTest, ErrorsHaveCodeStatusAndReason) {
  const auto missing = serve(request("GET", "/snapshots/snap-1/blocks/404?blockToken=t"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(error_type(missing), "ResourceNotFoundException");
  EXPECT_EQ(json::parse(missing.body)["Message"], "gone");
  const auto invalid = serve(request("GET", "/snapshots/vol-1/blocks/7?blockToken=t"));
  EXPECT_EQ(invalid.status, 400);
  EXPECT_EQ(error_type(invalid), "ValidationException");
  EXPECT_EQ(json::parse(invalid.body)["Reason"], "INVALID_PARAMETER_VALUE");
  const auto internal = serve(request("GET", "/snapshots/snap-1/blocks/500?blockToken=t"));
  EXPECT_EQ(internal.status, 500);
  EXPECT_EQ(error_type(internal), "InternalServerException");
  EXPECT_EQ(internal.body.find("secret"), std::string::npos);
  const auto denied = serve(request("GET", "/snapshots/snap-1/blocks"));
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(error_type(denied), "AccessDeniedException");
  EXPECT_EQ(json::parse(denied.body)["Reason"], "UNAUTHORIZED_ACCOUNT");
  EXPECT_EQ(trail()[0]["errorCode"], "AccessDeniedException");
}

TEST_F(RestServiceTest, OtherPathsAndUnsignedCallsAreRefusedInRestsShape) {
  const auto unknown = serve(request("DELETE", "/snapshots/snap-1"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(error_type(unknown), "UnknownOperationException");
  EXPECT_TRUE(json::parse(unknown.body).contains("message"));
  auto unsigned_call = request("GET", "/snapshots/snap-1/blocks");
  unsigned_call.headers.set("Host", "ebs.us-west-2.amazonaws.com");
  const auto refused = pipeline_->serve(std::move(unsigned_call));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(error_type(refused), "MissingAuthenticationTokenException");
}

TEST_F(RestServiceTest, AClientTokenCountsAsInOtherServices) {
  const auto start = [&](const std::string& size) {
    return serve(request("POST", "/snapshots", R"({"ClientToken":"t","VolumeSize":)" + size + "}"));
  };
  const auto first = start("1"), second = start("1"), other = start("2");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(blocks_.started, 1);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(error_type(other), "ConflictException");
}

}  // namespace
}  // namespace coffer::api
