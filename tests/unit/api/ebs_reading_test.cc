// SPDX-License-Identifier: Apache-2.0
// Are the blocks of a snapshot listed, compared and read, by whom and with what they may be, and by nobody
// else?
#include "tests/unit/api/ebs_fixture.h"

namespace coffer::api {
namespace {

using nlohmann::json;

class EbsReading : public EbsFixture {
 protected:
  static std::vector<int> indices(const json& blocks) {
    std::vector<int> found;
    for (const auto& block : blocks) found.push_back(block["BlockIndex"]);
    return found;
  }
};

TEST_F(EbsReading, ABlockIsListedAndReadBack) {
  const std::string snapshot = completed({{3, block_of('a')}, {2047, block_of('b')}});
  const json listed = list(snapshot);
  EXPECT_EQ(indices(listed["Blocks"]), (std::vector<int>{3, 2047}));
  EXPECT_EQ(listed["VolumeSize"], 1);
  EXPECT_EQ(listed["BlockSize"], 524288);
  EXPECT_FALSE(listed.contains("NextToken"));
  const double days = (listed["ExpiryTime"].get<double>() - system_clock().now().seconds()) / 86400;
  EXPECT_NEAR(days, 7, 0.01);
  const auto block = get(snapshot, 2047, listed["Blocks"][1]["BlockToken"]);
  ASSERT_EQ(outcome(block), "200");
  EXPECT_EQ(block.body, block_of('b'));
  EXPECT_EQ(block.headers.value_or("x-amz-Data-Length", ""), "524288");
  EXPECT_EQ(block.headers.value_or("x-amz-Checksum", ""), base64(digest(block_of('b'))));
  EXPECT_EQ(block.headers.value_or("x-amz-Checksum-Algorithm", ""), "SHA256");
}

TEST_F(EbsReading, PagesGoOnWhereTheLastEnded) {
  const std::string snapshot = started();
  for (uint32_t index = 0; index < 250; ++index) store_.snapshots[snapshot].blocks[index * 2] = Bytes(1);
  ASSERT_EQ(outcome(complete(snapshot, 0)), "202");
  std::vector<int> all;
  std::string query = "?maxResults=100";
  for (int pages = 1; pages <= 3; ++pages) {
    const json page = list(snapshot, query);
    const auto found = indices(page["Blocks"]);
    EXPECT_EQ(found.size(), pages < 3 ? 100u : 50u);
    all.insert(all.end(), found.begin(), found.end());
    EXPECT_EQ(page.contains("NextToken"), pages < 3);
    if (pages < 3)
      query = "?maxResults=100&startingBlockIndex=7&pageToken=" +
              percent_encode(page["NextToken"].get<std::string>());
  }
  EXPECT_EQ(all.size(), 250u);
  EXPECT_TRUE(std::ranges::is_sorted(all));
  EXPECT_EQ(indices(list(snapshot, "?startingBlockIndex=495")["Blocks"]), (std::vector<int>{496, 498}));
  EXPECT_TRUE(list(snapshot, "?startingBlockIndex=100000")["Blocks"].empty());
}

TEST_F(EbsReading, APageTokenIsOfOneList) {
  const std::string snapshot = started();
  for (uint32_t index = 0; index < 150; ++index) store_.snapshots[snapshot].blocks[index] = Bytes(1);
  ASSERT_EQ(outcome(complete(snapshot, 0)), "202");
  const std::string token = list(snapshot, "?maxResults=100")["NextToken"];
  const std::string other = completed({});
  EXPECT_EQ(outcome(serve("GET", "/snapshots/" + other + "/blocks?pageToken=" + percent_encode(token))),
            "ValidationException INVALID_PAGE_TOKEN");
  EXPECT_EQ(outcome(serve("GET", "/snapshots/" + snapshot + "/blocks?pageToken=AAAA")),
            "ValidationException INVALID_PAGE_TOKEN");
}

TEST_F(EbsReading, ChangedBlocksAreThoseThatDiffer) {
  const std::string first = completed({{1, block_of('a')}, {2, block_of('b')}, {3, block_of('c')}});
  const std::string second =
      completed({{2, block_of('x')}, {9, block_of('y')}}, {{"VolumeSize", 1}, {"ParentSnapshotId", first}});
  const auto response = changed(first, second);
  ASSERT_EQ(outcome(response), "200") << response.body;
  const json blocks = json::parse(response.body)["ChangedBlocks"];
  EXPECT_EQ(indices(blocks), (std::vector<int>{2, 9}));
  EXPECT_TRUE(blocks[0].contains("FirstBlockToken"));
  EXPECT_FALSE(blocks[1].contains("FirstBlockToken"));
  EXPECT_EQ(get(first, 2, blocks[0]["FirstBlockToken"]).body, block_of('b'));
  EXPECT_EQ(get(second, 2, blocks[0]["SecondBlockToken"]).body, block_of('x'));
  EXPECT_EQ(outcome(get(second, 2, blocks[0]["FirstBlockToken"])), "ValidationException INVALID_BLOCK_TOKEN");
  const auto against_nothing = serve("GET", "/snapshots/" + second + "/changedblocks");
  EXPECT_EQ(indices(json::parse(against_nothing.body)["ChangedBlocks"]), (std::vector<int>{1, 2, 3, 9}));
}

TEST_F(EbsReading, OnlySnapshotsOfOneLineageAreCompared) {
  const std::string root = completed({}), other = completed({});
  const json of_root = {{"VolumeSize", 1}, {"ParentSnapshotId", root}};
  const std::string child = completed({}, of_root), sibling = completed({}, of_root);
  EXPECT_EQ(outcome(changed(child, sibling)), "200");
  EXPECT_EQ(outcome(changed(sibling, root)), "200");
  EXPECT_EQ(outcome(changed(other, child)), "ValidationException UNRELATED_SNAPSHOTS");
  EXPECT_EQ(outcome(changed("snap-0123456789abcdef0", child)),
            "ResourceNotFoundException SNAPSHOT_NOT_FOUND");
}

TEST_F(EbsReading, ATokenOpensOneBlockOfOneSnapshotToOneAccount) {
  const std::string snapshot = completed({{3, block_of('a')}, {4, block_of('b')}});
  const std::string other = completed({{3, block_of('c')}});
  const std::string token = list(snapshot)["Blocks"][0]["BlockToken"];
  const char* refused = "ValidationException INVALID_BLOCK_TOKEN";
  EXPECT_EQ(outcome(get(snapshot, 3, token)), "200");
  EXPECT_EQ(outcome(get(snapshot, 4, token)), refused);
  EXPECT_EQ(outcome(get(other, 3, token)), refused);
  Bytes forged = *from_base64(token);
  forged[3] ^= 1;  // the expiry
  EXPECT_EQ(outcome(get(snapshot, 3, base64(forged))), refused);
  EXPECT_EQ(outcome(get(snapshot, 3, "AAAA")), refused);
  const NewAccount stranger = new_account("222222222222");
  EXPECT_EQ(outcome(get(snapshot, 3, token, &stranger)), "ResourceNotFoundException SNAPSHOT_NOT_FOUND");
}

// Signatures are of today: so a call without one.
class QuietCall : public Call {
 public:
  QuietCall(Installation& parts, Timestamp now) : Call(parts, {}) {
    account = "123456789012";
    region = "us-west-2";
    time = now;
  }
  Status record_now(catalog::Transaction&, const DependentCall&) override { return {}; }

 protected:
  Status on_commit(catalog::Transaction&, const wire::Value&) override { return {}; }
  void after_commit() override {}
};

TEST_F(EbsReading, ATokenLastsSevenDays) {
  services::ebs::BlockTokens tokens(*shifted_);
  const auto after = [&](int64_t seconds) {
    return QuietCall(*shifted_, {(1'700'000'000 + seconds) * 1'000'000});
  };
  const auto batch = tokens.batch(after(0), "snap-1");
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->expiry, (Timestamp{(1'700'000'000 + 7 * 86'400) * 1'000'000LL}));
  const std::string token = batch->token_of(3);
  EXPECT_TRUE(tokens.check(after(7 * 86'400 - 1), "snap-1", 3, token));
  const auto late = tokens.check(after(7 * 86'400), "snap-1", 3, token);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "ValidationException");
  EXPECT_EQ(late.error().members, (decltype(Error::members){{"Reason", "INVALID_BLOCK_TOKEN"}}));
}

TEST_F(EbsReading, TokensOutliveTheProcess) {
  const std::string snapshot = completed({{3, block_of('a')}});
  const std::string token = list(snapshot)["Blocks"][0]["BlockToken"];
  ebs_ = std::make_unique<services::ebs::EbsService>(*shifted_);
  EXPECT_EQ(outcome(get(snapshot, 3, token)), "200");
}

TEST_F(EbsReading, ABlockBeyondTheEndIsRefused) {
  const std::string snapshot = completed({{2047, block_of('a')}});
  const std::string token = list(snapshot)["Blocks"][0]["BlockToken"];
  EXPECT_EQ(outcome(get(snapshot, 2048, token)), "ValidationException INVALID_BLOCK");
}

TEST_F(EbsReading, APendingSnapshotIsNotRead) {
  const std::string snapshot = started();
  EXPECT_EQ(outcome(serve("GET", "/snapshots/" + snapshot + "/blocks")),
            "ValidationException INVALID_SNAPSHOT_ID");
  EXPECT_EQ(outcome(serve("GET", "/snapshots/" + snapshot + "/changedblocks")),
            "ValidationException INVALID_SNAPSHOT_ID");
  EXPECT_EQ(outcome(get(snapshot, 0, "AAAA")), "ValidationException INVALID_SNAPSHOT_ID");
}

// Once it is open, further reads cost no Decrypt; and yet a disabled key ends them at once.
TEST_F(EbsReading, KeysAreAskedForWhenTheSnapshotIsClosedAndCheckedForEachCall) {
  const std::string key = create_key();
  const std::string snapshot =
      completed({{3, block_of('a')}}, {{"VolumeSize", 1}, {"Encrypted", true}, {"KmsKeyArn", key}});
  store_.close_all();
  const std::string token = list(snapshot)["Blocks"][0]["BlockToken"];
  const auto decrypts = [&] {
    return std::ranges::count_if(trail(),
                                 [](const json& record) { return record["eventName"] == "Decrypt"; });
  };
  const auto before = decrypts();
  EXPECT_EQ(outcome(get(snapshot, 3, token)), "200");
  EXPECT_EQ(outcome(get(snapshot, 3, token)), "200");
  EXPECT_EQ(decrypts(), before + 1);
  store_.close_all();
  EXPECT_EQ(outcome(get(snapshot, 3, token)), "200");
  EXPECT_EQ(decrypts(), before + 2);
  ASSERT_EQ(serve_kms("DisableKey", R"({"KeyId":")" + key + "\"}").status, 200);
  EXPECT_EQ(outcome(get(snapshot, 3, token)), "ValidationException INVALID_CUSTOMER_KEY");
  EXPECT_EQ(trail()[0]["errorCode"], "DisabledException");
  EXPECT_EQ(trail()[0]["requestParameters"]["encryptionContext"]["aws:ebs:id"], snapshot);
}

TEST_F(EbsReading, NoRecordHoldsABlockOrAToken) {
  const std::string snapshot = completed({{3, block_of('Q')}});
  const std::string token = list(snapshot)["Blocks"][0]["BlockToken"];
  ASSERT_EQ(outcome(get(snapshot, 3, token)), "200");
  const auto records = trail();
  EXPECT_EQ(records[0]["eventName"], "GetSnapshotBlock");
  for (const auto& record : records) {
    EXPECT_EQ(record.dump().find("QQQQQQQQ"), std::string::npos);
    EXPECT_EQ(record["responseElements"].dump().find(token), std::string::npos);
  }
}

}  // namespace
}  // namespace coffer::api
