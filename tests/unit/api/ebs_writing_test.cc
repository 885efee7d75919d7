// SPDX-License-Identifier: Apache-2.0
// Does a snapshot that is written block by block become what its writer wrote, and nothing less?
#include "tests/unit/api/ebs_fixture.h"

namespace coffer::api {
namespace {

using nlohmann::json;

class EbsWriting : public EbsFixture {};

TEST_F(EbsWriting, StartSnapshotAnswersWithWhatItMade) {
  const auto response = start({{"VolumeSize", 8},
                               {"Description", "mine"},
                               {"Tags", {{{"Key", "a"}, {"Value", "b"}}}},
                               {"Timeout", 10}});
  ASSERT_EQ(response.status, 201) << response.body;
  const json made = json::parse(response.body);
  const std::string id = made["SnapshotId"];
  EXPECT_TRUE(id.starts_with("snap-") && id.size() == 22) << id;
  EXPECT_EQ(made["Status"], "pending");
  EXPECT_EQ(made["OwnerId"], "123456789012");
  EXPECT_EQ(made["VolumeSize"], 8);
  EXPECT_EQ(made["BlockSize"], 524288);
  EXPECT_EQ(made["Description"], "mine");
  EXPECT_EQ(made["Tags"][0]["Value"], "b");
  EXPECT_FALSE(made.contains("KmsKeyArn"));
  EXPECT_EQ(row(id).state, "pending");
  EXPECT_EQ(row(id).volume_id, "vol-ffffffff");
  EXPECT_EQ(store_.snapshots[id].made.size_bytes, 8ULL << 30);
  EXPECT_FALSE(store_.snapshots[id].made.layer.wrapped_key);
  EXPECT_EQ(trail()[0]["eventName"], "StartSnapshot");
}

TEST_F(EbsWriting, WhatIsWrittenIsCompleted) {
  const std::string snapshot = started();
  const auto put_answer = put(snapshot, 5, block_of('b'), {{"x-amz-Progress", "40"}});
  EXPECT_EQ(outcome(put_answer), "201");
  EXPECT_EQ(put_answer.headers.value_or("x-amz-Checksum", ""), base64(digest(block_of('b'))));
  EXPECT_EQ(row(snapshot).progress, 40u);
  EXPECT_EQ(outcome(put(snapshot, 1, block_of('a'))), "201");
  const auto done = complete(snapshot, 2, aggregate({block_of('a'), block_of('b')}));
  EXPECT_EQ(outcome(done), "202") << done.body;
  EXPECT_EQ(json::parse(done.body)["Status"], "completed");
  EXPECT_EQ(row(snapshot).state, "completed");
  EXPECT_EQ(row(snapshot).progress, 100u);
  EXPECT_TRUE(row(snapshot).completed);
  EXPECT_TRUE(store_.snapshots[snapshot].complete);
  EXPECT_EQ(outcome(complete(snapshot, 2)), "202");  // the first answer may have been lost
  EXPECT_EQ(outcome(put(snapshot, 7, block_of('c'))), "ValidationException INVALID_SNAPSHOT_ID");
}

TEST_F(EbsWriting, ACountOrChecksumThatIsNotThatOfTheBlocksCompletesNothing) {
  const std::string snapshot = started();
  ASSERT_EQ(outcome(put(snapshot, 5, block_of('b'))), "201");
  const char* refused = "ValidationException INVALID_PARAMETER_VALUE";
  EXPECT_EQ(outcome(complete(snapshot, 0)), refused);
  EXPECT_EQ(outcome(complete(snapshot, 2)), refused);
  EXPECT_EQ(outcome(complete(snapshot, 1, aggregate({block_of('a')}))), refused);
  EXPECT_EQ(
      outcome(serve("POST", "/snapshots/completion/" + snapshot, "",
                    {{"x-amz-ChangedBlocksCount", "1"}, {"x-amz-Checksum", aggregate({block_of('b')})}})),
      refused);
  EXPECT_EQ(row(snapshot).state, "pending");
  EXPECT_FALSE(store_.snapshots[snapshot].complete);
  EXPECT_EQ(outcome(complete(snapshot, 1, aggregate({block_of('b')}))), "202");
}

TEST_F(EbsWriting, OnlyWholeBlocksWithTheirChecksumAreTaken) {
  const std::string snapshot = started();
  const char* refused = "ValidationException INVALID_PARAMETER_VALUE";
  EXPECT_EQ(outcome(put(snapshot, 0, block_of('a'), {{"x-amz-Checksum", base64(digest("other"))}})), refused);
  EXPECT_EQ(outcome(put(snapshot, 0, "short")), refused);
  EXPECT_EQ(outcome(put(snapshot, 0, "short", {{"x-amz-Data-Length", "524288"}})), refused);
  EXPECT_EQ(outcome(put(snapshot, 0, block_of('a'), {{"x-amz-Data-Length", "1"}})), refused);
  EXPECT_EQ(outcome(put(snapshot, 0, block_of('a'), {{"x-amz-Checksum-Algorithm", "MD5"}})), refused);
  EXPECT_EQ(outcome(put(snapshot, 2048, block_of('a'))), "ValidationException INVALID_BLOCK");
  EXPECT_TRUE(store_.snapshots[snapshot].blocks.empty());
  EXPECT_EQ(outcome(put(snapshot, 2047, block_of('a'))), "201");
}

TEST_F(EbsWriting, ABlockWrittenTwiceCountsOnceWithItsLastContents) {
  const std::string snapshot = started();
  ASSERT_EQ(outcome(put(snapshot, 1, block_of('a'))), "201");
  ASSERT_EQ(outcome(put(snapshot, 1, block_of('b'))), "201");
  EXPECT_EQ(outcome(complete(snapshot, 1, aggregate({block_of('b')}))), "202");
}

// Half of it may be there: it counts no more as what was written before.
TEST_F(EbsWriting, ABlockWhoseOverwritingFailedIsNotWritten) {
  const std::string snapshot = started();
  ASSERT_EQ(outcome(put(snapshot, 1, block_of('a'))), "201");
  store_.fails = true;
  EXPECT_EQ(outcome(put(snapshot, 1, block_of('b'))), "InternalServerException");
  store_.fails = false;
  EXPECT_EQ(outcome(complete(snapshot, 1, aggregate({block_of('a')}))),
            "ValidationException INVALID_PARAMETER_VALUE");
  ASSERT_EQ(outcome(put(snapshot, 1, block_of('b'))), "201");
  EXPECT_EQ(outcome(complete(snapshot, 1, aggregate({block_of('b')}))), "202");
}

TEST_F(EbsWriting, AStartThatFailsLeavesNothingToSee) {
  store_.fails = true;
  EXPECT_EQ(outcome(start({{"VolumeSize", 1}})), "InternalServerException");
  size_t deleting = 0, pending = 0;
  EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
    COFFER_TRY(gone, transaction.snapshots_in_state("deleting"));
    COFFER_TRY(left, transaction.snapshots_in_state("pending"));
    deleting = gone.size();
    pending = left.size();
    return {};
  }));
  EXPECT_EQ(deleting, 1u);
  EXPECT_EQ(pending, 0u);
}

TEST_F(EbsWriting, AnEncryptedSnapshotHasAKeyOfItsOwnUnderTheKeyThatIsAsked) {
  const std::string key = create_key();
  const auto response = start({{"VolumeSize", 1}, {"Encrypted", true}, {"KmsKeyArn", key}});
  ASSERT_EQ(response.status, 201) << response.body;
  const json made = json::parse(response.body);
  const std::string id = made["SnapshotId"];
  EXPECT_EQ(made["KmsKeyArn"], key);
  EXPECT_EQ(row(id).kms_key_arn, key);
  EXPECT_TRUE(row(id).wrapped_key.empty());
  EXPECT_TRUE(store_.snapshots[id].made.layer.wrapped_key);
  EXPECT_EQ(store_.snapshots[id].made.layer.key_context, id);
  const auto records = trail();
  const auto generated = std::ranges::find(records, "GenerateDataKeyWithoutPlaintext",
                                           [](const json& record) { return record["eventName"]; });
  ASSERT_NE(generated, records.end());
  EXPECT_EQ((*generated)["requestParameters"]["encryptionContext"]["aws:ebs:id"], id);
  EXPECT_EQ((*generated)["userIdentity"]["invokedBy"], "ebs.amazonaws.com");

  const std::string child = started(
      {{"VolumeSize", 1},
       {"ParentSnapshotId", completed({}, {{"VolumeSize", 1}, {"Encrypted", true}, {"KmsKeyArn", key}})}});
  EXPECT_EQ(row(child).kms_key_arn, key);
  EXPECT_TRUE(row(child).encrypted);
  const auto managed = json::parse(start({{"VolumeSize", 1}, {"Encrypted", true}}).body);
  EXPECT_TRUE(managed["KmsKeyArn"].get<std::string>().starts_with("arn:aws:kms:us-west-2:123456789012:key/"));
}

// EBS User Guide, "Encryption outcomes for EBS direct APIs".
TEST_F(EbsWriting, EncryptionIsAskedAsDocumentedOrNotAtAll) {
  const std::string key = create_key();
  const std::string plain = completed({}),
                    encrypted = completed({}, {{"VolumeSize", 1}, {"Encrypted", true}});
  const auto with = [](json parameters, const json& more) {
    parameters.update(more);
    return parameters;
  };
  const json size = {{"VolumeSize", 1}};
  for (const auto& parent : {plain, encrypted}) {
    const json base = with(size, {{"ParentSnapshotId", parent}});
    for (const json& more : {json{{"Encrypted", true}}, json{{"Encrypted", false}}, json{{"KmsKeyArn", key}},
                             json{{"Encrypted", true}, {"KmsKeyArn", key}}})
      EXPECT_EQ(outcome(start(with(base, more))), "ValidationException INVALID_PARAMETER_VALUE") << more;
  }
  EXPECT_EQ(outcome(start(with(size, {{"KmsKeyArn", key}}))), "ValidationException INVALID_PARAMETER_VALUE");
  EXPECT_EQ(outcome(start(with(size, {{"KmsKeyArn", key}, {"Encrypted", false}}))),
            "ValidationException INVALID_PARAMETER_VALUE");
  EXPECT_FALSE(row(started(with(size, {{"ParentSnapshotId", plain}}))).encrypted);
  EXPECT_FALSE(row(started(with(size, {{"Encrypted", false}}))).encrypted);
}

TEST_F(EbsWriting, AKeyThatCannotBeUsedIsSaidSo) {
  const std::string key = create_key();
  const std::string prefix = key.substr(0, key.rfind('/') + 1);
  const auto encrypted = [](const std::string& arn) {
    return json{{"VolumeSize", 1}, {"Encrypted", true}, {"KmsKeyArn", arn}};
  };
  EXPECT_EQ(outcome(start(encrypted(prefix + "11111111-0000-4000-8000-000000000000"))),
            "ResourceNotFoundException DEPENDENCY_RESOURCE_NOT_FOUND");
  const std::string snapshot = started(encrypted(key));
  ASSERT_EQ(serve_kms("DisableKey", R"({"KeyId":")" + key + "\"}").status, 200);
  EXPECT_EQ(outcome(start(encrypted(key))), "ValidationException INVALID_CUSTOMER_KEY");
  EXPECT_EQ(outcome(put(snapshot, 0, block_of('a'))), "ValidationException INVALID_CUSTOMER_KEY");
  EXPECT_TRUE(store_.snapshots[snapshot].blocks.empty());
}

TEST_F(EbsWriting, SizesAndTagsAreChecked) {
  EXPECT_EQ(outcome(start({{"VolumeSize", 65537}})), "ValidationException INVALID_VOLUME_SIZE");
  EXPECT_EQ(outcome(start({{"VolumeSize", 0}})), "ValidationException INVALID_PARAMETER_VALUE");
  const std::string parent = completed({}, {{"VolumeSize", 2}});
  EXPECT_EQ(outcome(start({{"VolumeSize", 1}, {"ParentSnapshotId", parent}})),
            "ValidationException INVALID_VOLUME_SIZE");
  EXPECT_EQ(outcome(start({{"VolumeSize", 3}, {"ParentSnapshotId", parent}})), "201");
  const auto tagged = [&](const json& tags) { return outcome(start({{"VolumeSize", 1}, {"Tags", tags}})); };
  const json one = {{"Key", "a"}, {"Value", "b"}};
  EXPECT_EQ(tagged(json::array({one, one})), "ValidationException INVALID_TAG");
  EXPECT_EQ(tagged(json::array({json{{"Key", "aws:a"}}})), "ValidationException INVALID_TAG");
  EXPECT_EQ(tagged(json::array({one})), "201");
}

TEST_F(EbsWriting, AParentMustBeCompleted) {
  EXPECT_EQ(outcome(start({{"VolumeSize", 1}, {"ParentSnapshotId", started()}})),
            "ValidationException INVALID_SNAPSHOT_ID");
}

TEST_F(EbsWriting, NoMoreThanAHundredAreWrittenAtOnce) {
  EXPECT_TRUE(catalog_->write([&](auto& transaction) -> Status {
    for (int i = 0; i < 100; ++i) {
      catalog::Snapshot other;
      other.id = "snap-" + std::to_string(i);
      other.account = "123456789012";
      other.region = "us-west-2";
      other.volume_id = "vol-ffffffff";
      other.state = "pending";
      COFFER_CHECK(transaction.insert_snapshot(other));
    }
    return {};
  }));
  EXPECT_EQ(outcome(start({{"VolumeSize", 1}})), "ConcurrentLimitExceededException");
}

TEST_F(EbsWriting, AnotherKindOfSnapshotIsNotWritten) {
  const std::string snapshot = started();
  EXPECT_TRUE(catalog_->write([&](auto& transaction) -> Status {
    catalog::Snapshot other = row(snapshot);
    other.id = "snap-1";
    other.volume_id = "vol-0123456789abcdef0";
    return transaction.insert_snapshot(other);
  }));
  EXPECT_EQ(outcome(put("snap-1", 0, block_of('a'))), "ValidationException INVALID_SNAPSHOT_ID");
  EXPECT_EQ(outcome(complete("snap-1", 0)), "ValidationException INVALID_SNAPSHOT_ID");
}

class EbsTimeout : public EbsWriting {
 protected:
  EbsTimeout() : worker_(*shifted_, locks_) {}
  size_t known_blocks(const std::string& snapshot) {
    size_t count = 0;
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(blocks, transaction.written_blocks(snapshot, 0, 100));
      count = blocks.size();
      return {};
    }));
    return count;
  }

  services::ebs::UploadLocks locks_;
  services::ebs::UploadWorker worker_;
};

TEST_F(EbsTimeout, ASnapshotThatNobodyWritesIsGivenUp) {
  const std::string idle = started({{"VolumeSize", 1}, {"Timeout", 10}});
  const std::string busy = started({{"VolumeSize", 1}, {"Timeout", 10}});
  ASSERT_EQ(outcome(put(idle, 0, block_of('a'))), "201");
  clock_.shift_seconds = 9 * 60;
  ASSERT_TRUE(worker_.run_once());
  EXPECT_EQ(row(idle).state, "pending");
  ASSERT_EQ(outcome(put(busy, 0, block_of('a'))), "201");
  clock_.shift_seconds = 10 * 60 + 5;
  ASSERT_TRUE(worker_.run_once());
  EXPECT_EQ(row(idle).state, "error");
  EXPECT_NE(row(idle).state_message.find("10 minutes"), std::string::npos);
  EXPECT_FALSE(store_.snapshots.contains(idle));
  EXPECT_EQ(known_blocks(idle), 0u);
  EXPECT_EQ(outcome(put(idle, 1, block_of('a'))), "ValidationException INVALID_SNAPSHOT_ID");
  EXPECT_EQ(row(busy).state, "pending");
  EXPECT_EQ(outcome(complete(busy, 1)), "202");
}

TEST_F(EbsTimeout, TheBlocksOfACompletedSnapshotAreForgotten) {
  const std::string snapshot = completed({{0, block_of('a')}, {1, block_of('b')}});
  EXPECT_EQ(known_blocks(snapshot), 2u);
  ASSERT_TRUE(worker_.run_once());
  EXPECT_EQ(known_blocks(snapshot), 0u);
  EXPECT_EQ(row(snapshot).state, "completed");
}

}  // namespace
}  // namespace coffer::api
