// SPDX-License-Identifier: Apache-2.0
// Do the generated structs and tables say what AWS's models say, and do values survive the way through them?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generated/ebs/model.h"
#include "generated/ec2/model.h"
#include "generated/kms/model.h"

namespace coffer {
// The generated code only passes it on.
class Call {};

namespace {

TEST(Model, NamesTheServices) {
  EXPECT_EQ(kms::model().signing_name, "kms");
  EXPECT_EQ(kms::model().target_prefix, "TrentService");
  EXPECT_EQ(kms::model().protocol, wire::Protocol::kJson);
  EXPECT_EQ(ec2::model().xml_namespace, "http://ec2.amazonaws.com/doc/2016-11-15/");
  EXPECT_EQ(ec2::model().protocol, wire::Protocol::kEc2);
  EXPECT_EQ(ebs::model().protocol, wire::Protocol::kRestJson);
}

TEST(Model, SaysHowRestOperationsAreSpelt) {
  const auto* put = ebs::model().find_operation("PutSnapshotBlock");
  EXPECT_EQ(put->http.method, "PUT");
  EXPECT_EQ(put->http.uri, "/snapshots/{snapshotId}/blocks/{blockIndex}");
  EXPECT_EQ(put->http.status, 201);
  EXPECT_TRUE(put->unsigned_payload);
  EXPECT_EQ(put->input->payload, "BlockData");
  EXPECT_EQ(put->input->find_member("BlockIndex")->location, wire::Location::kUri);
  EXPECT_EQ(put->input->find_member("Checksum")->location, wire::Location::kHeader);
  EXPECT_TRUE(put->input->find_member("BlockData")->streaming);
  const auto* get = ebs::model().find_operation("GetSnapshotBlock");
  EXPECT_EQ(get->http.status, 200);
  EXPECT_FALSE(get->unsigned_payload);
  EXPECT_EQ(get->input->find_member("BlockToken")->location, wire::Location::kQuery);
}

TEST(Model, RestErrorsHaveMembersAndAStatusEach) {
  const auto* error = ebs::model().find_error("ResourceNotFoundException");
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->http_status, 404);
  EXPECT_TRUE(error->has_member("Reason"));
  EXPECT_FALSE(ebs::model().find_error("ConflictException")->has_member("Reason"));
  EXPECT_EQ(wire::http_status(ebs::model(), {ErrorKind::kPermissionDenied, ""}), 403);
}

TEST(Model, EveryOperationHasAnInput) {
  for (const auto* model : {&kms::model(), &ec2::model(), &ebs::model()})
    for (const auto& operation : model->operations) EXPECT_NE(operation.input, nullptr) << operation.name;
}

TEST(Model, AbsentOutputIsNull) {
  EXPECT_EQ(kms::model().find_operation("EnableKey")->output, nullptr);
  EXPECT_NE(kms::model().find_operation("CreateKey")->output, nullptr);
  EXPECT_EQ(kms::model().find_operation("NoSuchOperation"), nullptr);
}

TEST(Model, CarriesConstraints) {
  const auto* input = kms::model().find_operation("Encrypt")->input;
  const auto* plaintext = input->find_member("Plaintext");
  ASSERT_NE(plaintext, nullptr);
  EXPECT_TRUE(plaintext->required);
  EXPECT_TRUE(plaintext->shape->sensitive);
  EXPECT_EQ(plaintext->shape->max, 4096);
  EXPECT_FALSE(input->find_member("GrantTokens")->required);
  EXPECT_THAT(input->find_member("EncryptionAlgorithm")->shape->enumeration,
              testing::Contains("SYMMETRIC_DEFAULT"));
}

TEST(Model, CarriesTheIdempotencyToken) {
  EXPECT_EQ(ec2::model().find_operation("CreateVolume")->idempotency_token, "ClientToken");
  EXPECT_EQ(ec2::model().find_operation("DeleteVolume")->idempotency_token, "");
}

TEST(Model, Ec2NamesDifferByDirection) {
  const auto* filters = ec2::model().find_operation("DescribeVolumes")->input->find_member("Filters");
  EXPECT_EQ(filters->query_name, "Filter");
  const auto* dry_run = ec2::model().find_operation("DescribeVolumes")->input->find_member("DryRun");
  EXPECT_EQ(dry_run->query_name, "DryRun");
  const auto* state = ec2::model().find_operation("CreateVolume")->output->find_member("State");
  EXPECT_EQ(state->location_name, "status");
}

TEST(Model, ErrorsHaveTheirHttpStatus) {
  EXPECT_EQ(kms::model().find_error("NotFoundException")->http_status, 400);
  EXPECT_EQ(kms::model().find_error("KMSInternalException")->http_status, 500);
  EXPECT_EQ(wire::http_status(kms::model(), {ErrorKind::kInternal, "", "NotFoundException"}), 400);
  EXPECT_EQ(wire::http_status(kms::model(), {ErrorKind::kUnavailable, ""}), 503);
  EXPECT_EQ(wire::http_status(ec2::model(), {ErrorKind::kPermissionDenied, "", "UnauthorizedOperation"}),
            403);
}

TEST(Model, ValuesSurviveTheWayThroughStructs) {
  kms::KeyMetadata metadata;
  metadata.key_id = "1234";
  metadata.aws_account_id = "123456789012";
  metadata.creation_date = Timestamp{1'700'000'000'123'000};
  metadata.enabled = true;
  metadata.encryption_algorithms = {{"SYMMETRIC_DEFAULT"}};
  metadata.multi_region_configuration = {
      .replica_keys = {{kms::MultiRegionKey{.arn = "a"}, kms::MultiRegionKey{}}}};
  kms::DescribeKeyResponse response{.key_metadata = metadata};

  kms::DescribeKeyResponse back;
  from_value(to_value(response), back);
  ASSERT_TRUE(back.key_metadata);
  EXPECT_EQ(back.key_metadata->key_id, metadata.key_id);
  EXPECT_EQ(back.key_metadata->aws_account_id, metadata.aws_account_id);
  EXPECT_EQ(back.key_metadata->creation_date, metadata.creation_date);
  EXPECT_EQ(back.key_metadata->enabled, true);
  EXPECT_EQ(back.key_metadata->encryption_algorithms, metadata.encryption_algorithms);
  EXPECT_EQ(back.key_metadata->description, std::nullopt);
  ASSERT_EQ(back.key_metadata->multi_region_configuration->replica_keys->size(), 2u);
  EXPECT_EQ(back.key_metadata->multi_region_configuration->replica_keys->front().arn, "a");
}

TEST(Model, MapsAndBlobsSurvive) {
  kms::EncryptRequest request{.key_id = "k", .plaintext = {0, 255}, .encryption_context = {{{"a", "bc"}}}};
  kms::EncryptRequest back;
  from_value(to_value(request), back);
  EXPECT_EQ(back.plaintext, request.plaintext);
  EXPECT_EQ(back.encryption_context, request.encryption_context);
}

#define COFFER_REFUSE(method, Request, Response)                      \
  Result<ec2::Response> method(Call&, const ec2::Request&) override { \
    return refuse();                                                  \
  }

// Answers one call with its volume, deletes volumes, and refuses everything else.
class Echo : public ec2::Handlers {
 public:
  Result<ec2::VolumeAttachment> attach_volume(Call&, const ec2::AttachVolumeRequest& request) override {
    return ec2::VolumeAttachment{.volume_id = request.volume_id};
  }
  Result<ec2::DeleteVolumeResponse> delete_volume(Call&, const ec2::DeleteVolumeRequest&) override {
    return ec2::DeleteVolumeResponse{};
  }
  COFFER_REFUSE(copy_snapshot, CopySnapshotRequest, CopySnapshotResult)
  COFFER_REFUSE(create_snapshot, CreateSnapshotRequest, Snapshot)
  COFFER_REFUSE(create_snapshots, CreateSnapshotsRequest, CreateSnapshotsResult)
  COFFER_REFUSE(create_tags, CreateTagsRequest, CreateTagsResponse)
  COFFER_REFUSE(create_volume, CreateVolumeRequest, Volume)
  COFFER_REFUSE(delete_snapshot, DeleteSnapshotRequest, DeleteSnapshotResponse)
  COFFER_REFUSE(delete_tags, DeleteTagsRequest, DeleteTagsResponse)
  COFFER_REFUSE(describe_availability_zones, DescribeAvailabilityZonesRequest,
                DescribeAvailabilityZonesResult)
  COFFER_REFUSE(describe_instances, DescribeInstancesRequest, DescribeInstancesResult)
  COFFER_REFUSE(describe_regions, DescribeRegionsRequest, DescribeRegionsResult)
  COFFER_REFUSE(describe_snapshots, DescribeSnapshotsRequest, DescribeSnapshotsResult)
  COFFER_REFUSE(describe_tags, DescribeTagsRequest, DescribeTagsResult)
  COFFER_REFUSE(describe_volume_old_key_snapshots, DescribeVolumeOldKeySnapshotsRequest,
                DescribeVolumeOldKeySnapshotsResult)
  COFFER_REFUSE(describe_volume_rekeys, DescribeVolumeRekeysRequest, DescribeVolumeRekeysResult)
  COFFER_REFUSE(describe_volumes, DescribeVolumesRequest, DescribeVolumesResult)
  COFFER_REFUSE(describe_volumes_modifications, DescribeVolumesModificationsRequest,
                DescribeVolumesModificationsResult)
  COFFER_REFUSE(detach_volume, DetachVolumeRequest, VolumeAttachment)
  COFFER_REFUSE(modify_volume, ModifyVolumeRequest, ModifyVolumeResult)
  COFFER_REFUSE(rekey_volume, RekeyVolumeRequest, RekeyVolumeResult)

 private:
  static tl::unexpected<Error> refuse() { return fail(ErrorKind::kConflict, "refused", "SomeCode"); }
};
#undef COFFER_REFUSE

TEST(Dispatch, CallsTheOperationsHandler) {
  Echo handlers;
  Call call;
  ec2::AttachVolumeRequest request{.device = "/dev/sdf", .instance_id = "i-1", .volume_id = "vol-1"};
  auto answer = ec2::dispatch(handlers, "AttachVolume", call, to_value(request));
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer->member("VolumeId")->as<std::string>(), "vol-1");
}

TEST(Dispatch, PassesErrorsOn) {
  Echo handlers;
  Call call;
  auto refused = ec2::dispatch(handlers, "CreateVolume", call, wire::Value(wire::Members{}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "SomeCode");
  EXPECT_FALSE(ec2::dispatch(handlers, "NoSuchOperation", call, wire::Value(wire::Members{})));
}

}  // namespace
}  // namespace coffer
