// SPDX-License-Identifier: Apache-2.0
// Does every call get the answer that AWS gives, and leave its record before the answer?
#include "api/pipeline.h"

#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "base/encoding.h"
#include "tests/unit/api/api_fixture.h"
#include "wire/gzip.h"

namespace coffer::api {
namespace {

using nlohmann::json;

class PipelineTest : public ApiFixture {
 protected:
  std::string create_key() {
    const auto response = serve_kms("CreateKey", "{}");
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body)["KeyMetadata"]["KeyId"];
  }
};

TEST_F(PipelineTest, AMutationIsAnsweredAndRecorded) {
  const auto response = serve_kms("CreateKey", R"({"Description":"mine"})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.headers.value_or("content-type", ""), "application/x-amz-json-1.1");
  const json metadata = json::parse(response.body)["KeyMetadata"];
  EXPECT_EQ(metadata["Description"], "mine");
  const auto records = trail();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]["eventName"], "CreateKey");
  EXPECT_EQ(records[0]["eventSource"], "kms.amazonaws.com");
  EXPECT_EQ(records[0]["requestParameters"]["description"], "mine");
  EXPECT_EQ(records[0]["responseElements"]["keyMetadata"]["arn"], metadata["Arn"]);
  EXPECT_EQ(records[0]["userIdentity"]["type"], "Root");
  EXPECT_EQ(records[0]["userIdentity"]["accessKeyId"], owner_.access_key.id);
  EXPECT_EQ(records[0]["requestID"], std::string(response.headers.value_or("x-amzn-requestid", "")));
  EXPECT_EQ(records[0]["readOnly"], false);
}

TEST_F(PipelineTest, AReadIsRecordedWithoutWhatItGaveAway) {
  const std::string key = create_key();
  const auto response = serve_kms("GenerateDataKey", R"({"KeySpec":"AES_256","KeyId":")" + key + "\"}");
  ASSERT_EQ(response.status, 200) << response.body;
  const std::string plaintext = json::parse(response.body)["Plaintext"];
  const auto records = trail();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0]["eventName"], "GenerateDataKey");
  EXPECT_EQ(records[0]["readOnly"], true);
  EXPECT_TRUE(records[0]["responseElements"].is_null());
  EXPECT_EQ(records[0]["resources"][0]["ARN"], "arn:aws:kms:us-west-2:123456789012:key/" + key);
  EXPECT_EQ(records[0].dump().find(plaintext), std::string::npos);
}

// What a caller sends is a value in his record, never a part of its structure.
TEST_F(PipelineTest, AKeyIdCannotForgeTheRecordOfADependentCall) {
  const std::string hostile = R"(x","numberOfBytes":1,"encryptionContext":{"aws:ebs:id":"vol-other"},"y":")";
  const auto response =
      serve_ec2("CreateVolume",
                "&AvailabilityZone=us-west-2a&Size=1&Encrypted=true&KmsKeyId=" + percent_encode(hostile));
  const std::string volume = xml_text(response, "volumeId");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto records = trail();
  const auto record = std::ranges::find(records, "GenerateDataKeyWithoutPlaintext",
                                        [](const json& each) { return each["eventName"]; });
  ASSERT_NE(record, records.end());
  const json expected = {{"keyId", "arn:aws:kms:us-west-2:123456789012:key/" + hostile},
                         {"numberOfBytes", 64},
                         {"encryptionContext", {{"aws:ebs:id", volume}}}};
  EXPECT_EQ((*record)["requestParameters"], expected);
}

TEST_F(PipelineTest, AFailureIsRecordedWithItsCode) {
  const auto response = serve_kms("DescribeKey", R"({"KeyId":"11111111-0000-4000-8000-000000000000"})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json_code(response), "NotFoundException");
  ASSERT_EQ(trail().size(), 1u);
  EXPECT_EQ(trail()[0]["errorCode"], "NotFoundException");
  const auto volumes = serve_ec2("DescribeVolumes", "&VolumeId.1=vol-0123456789abcdef0");
  EXPECT_EQ(volumes.status, 400);
  EXPECT_EQ(xml_text(volumes, "Code"), "InvalidVolume.NotFound");
  EXPECT_EQ(trail()[0]["errorCode"], "Client.InvalidVolume.NotFound");
}

TEST_F(PipelineTest, NothingIsAnsweredThatCannotBeRecorded) {
  const std::string key = create_key();
  struct sigaction ignored {
  }, previous{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignored, &previous);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{1, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto response = serve_kms("GenerateDataKey", R"({"KeySpec":"AES_256","KeyId":")" + key + "\"}");
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::sigaction(SIGXFSZ, &previous, nullptr);
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(json_code(response), "KMSInternalException");
  EXPECT_FALSE(json::parse(response.body).contains("Plaintext"));
  EXPECT_EQ(trail().size(), 1u);
}

// Whether another account's key or alias exists does not show.
class ForeignKeys : public PipelineTest {
 protected:
  ForeignKeys() : stranger_(new_account("222222222222")) {
    const std::string key = create_key(), prefix = "arn:aws:kms:us-west-2:123456789012:";
    const auto named =
        serve_kms("CreateAlias", R"({"AliasName":"alias/there","TargetKeyId":")" + key + "\"}");
    EXPECT_EQ(named.status, 200) << named.body;
    for (const std::string& resource :
         {"key/" + key, std::string("key/12345678-1234-1234-1234-123456789012"), std::string("alias/there"),
          std::string("alias/absent"), std::string("alias/aws/ebs")})
      arns_.push_back(prefix + resource);
  }
  wire::HttpResponse serve_stranger(wire::HttpRequest request, const std::string& service) {
    sign(request, service, "us-west-2", &stranger_);
    return pipeline_->serve(std::move(request));
  }
  static std::string denial(const std::string& action, const std::string& arn) {
    return "User: arn:aws:iam::222222222222:root is not authorized to perform: kms:" + action +
           " on resource: " + arn +
           " because the resource does not exist in this Region, no resource-based policies allow access, or "
           "a resource-based policy explicitly denies access";
  }

  NewAccount stranger_;
  std::vector<std::string> arns_;
};

TEST_F(ForeignKeys, AreRefusedInAwsWordsBeTheyThereOrNot) {
  size_t records = 0;
  for (const std::string operation : {"DescribeKey", "DisableKey", "Encrypt", "ListAliases"})
    for (const auto& arn : arns_) {
      const std::string more = operation == "Encrypt" ? R"(,"Plaintext":"eA==")" : "";
      const auto response =
          serve_stranger(kms_request(operation, R"({"KeyId":")" + arn + "\"" + more + "}"), "kms");
      EXPECT_EQ(response.status, 400);
      EXPECT_EQ(json_code(response), "AccessDeniedException");
      EXPECT_NE(response.body.find(denial(operation, arn)), std::string::npos) << response.body;
      EXPECT_EQ(trail("222222222222").size(), ++records);
    }
}

TEST_F(ForeignKeys, FailAVolumeInTheSameWayBeTheyThereOrNot) {
  for (const auto& arn : arns_) {
    const auto response = serve_stranger(
        ec2_request("CreateVolume",
                    "&AvailabilityZone=us-west-2a&Size=1&Encrypted=true&KmsKeyId=" + percent_encode(arn)),
        "ec2");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(xml_text(response, "kmsKeyId"), arn);
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(volume, transaction.volume(xml_text(response, "volumeId")));
      EXPECT_EQ(volume->failure_code, "Client.AccessDeniedException");
      EXPECT_EQ(volume->failure_message, "The volume's data key could not be made under " + arn + ": " +
                                             denial("GenerateDataKeyWithoutPlaintext", arn));
      return {};
    }));
  }
}

TEST_F(PipelineTest, DryRunLeavesNothingButItsRecord) {
  const auto response = serve_ec2("CreateVolume", "&AvailabilityZone=us-west-2a&Size=1&DryRun=true");
  EXPECT_EQ(response.status, 412);
  EXPECT_EQ(xml_text(response, "Code"), "DryRunOperation");
  EXPECT_EQ(xml_text(response, "Message"), "Request would have succeeded, but DryRun flag is set.");
  EXPECT_EQ(serve_ec2("DescribeVolumes").body.find("vol-"), std::string::npos);
  EXPECT_EQ(trail()[1]["errorCode"], "Client.DryRunOperation");
}

TEST_F(PipelineTest, AClientTokenGivesTheFirstAnswerAgain) {
  const std::string parameters = "&AvailabilityZone=us-west-2a&Size=1&ClientToken=token";
  const auto first = serve_ec2("CreateVolume", parameters), again = serve_ec2("CreateVolume", parameters);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(xml_text(first, "volumeId"), xml_text(again, "volumeId"));
  EXPECT_NE(xml_text(first, "requestId"), xml_text(again, "requestId"));
  const auto other = serve_ec2("CreateVolume", "&AvailabilityZone=us-west-2a&Size=2&ClientToken=token");
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(xml_text(other, "Code"), "IdempotentParameterMismatch");
  const auto fresh = serve_ec2("CreateVolume", "&AvailabilityZone=us-west-2a&Size=1&ClientToken=other");
  EXPECT_NE(xml_text(first, "volumeId"), xml_text(fresh, "volumeId"));
}

TEST_F(PipelineTest, AClientTokenHoldsForConcurrentRequests) {
  std::vector<std::string> ids(6);
  std::vector<std::thread> threads;
  for (auto& id : ids)
    threads.emplace_back([this, &id] {
      id = xml_text(serve_ec2("CreateVolume", "&AvailabilityZone=us-west-2a&Size=1&ClientToken=t"),
                    "volumeId");
    });
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(ids[0].empty());
  for (const auto& id : ids) EXPECT_EQ(id, ids[0]);
}

TEST_F(PipelineTest, AnExceptionOfAHandlerIsAnInternalErrorWithoutDetails) {
  before_dispatch = [](Call&) { throw std::runtime_error("where the treasure lies"); };
  const auto response = serve_kms("ListKeys", "{}");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(json_code(response), "KMSInternalException");
  EXPECT_EQ(response.body.find("treasure"), std::string::npos);
  EXPECT_EQ(trail()[0]["errorCode"], "KMSInternalException");
  const auto ec2 = serve_ec2("DescribeVolumes");
  EXPECT_EQ(ec2.status, 500);
  EXPECT_EQ(xml_text(ec2, "Code"), "InternalError");
}

TEST_F(PipelineTest, AnAnswerThatLacksARequiredMemberIsAnErrorOfOurs) {
  ServiceRegistry registry;
  registry.add({&kms::model(), [](std::string_view, Call&, const wire::Value&) -> Result<wire::Value> {
                  return wire::Value(wire::Members{{"KeyMetadata", wire::Value(wire::Members{})}});
                }});
  Pipeline incomplete(*installation_, std::move(registry), Failpoint());
  auto request = kms_request("CreateKey", "{}");
  sign(request, "kms");
  EXPECT_EQ(incomplete.serve(std::move(request)).status, 500);
}

TEST_F(PipelineTest, APartThatIsDownIsARetryableError) {
  keyd_server_.stop();
  auto response = serve_kms("GenerateRandom", R"({"NumberOfBytes":16})");
  EXPECT_EQ(response.status, 503) << response.body;
  EXPECT_EQ(json_code(response), "DependencyTimeoutException");
  response = serve_ec2("DescribeVolumes");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(xml_text(response, "Code"), "Unavailable");
}

TEST_F(PipelineTest, AGzippedBodyIsReadAfterItsSignature) {
  auto request = kms_request("CreateKey", "");
  request.headers.add("Content-Encoding", "gzip");
  request.body = wire::gzip(as_bytes(R"({"Description":"small"})"));
  sign(request, "kms");
  const auto response = pipeline_->serve(std::move(request));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(json::parse(response.body)["KeyMetadata"]["Description"], "small");
}

}  // namespace
}  // namespace coffer::api
