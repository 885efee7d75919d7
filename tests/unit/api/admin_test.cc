// SPDX-License-Identifier: Apache-2.0
// Does the admin socket know who asks, refuse who may not, and record what changes? Does the first start
// leave what an installation needs, wherever it was cut off?
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/admin_commands.h"
#include "api/admin_server.h"
#include "api/first_start.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

using nlohmann::json;

class AdminTest : public ApiFixture {
 protected:
  json ask(const json& command, uint32_t uid = 1000) {
    AdminCommands commands(*installation_, "http://127.0.0.1:4599", 1000);
    return json::parse(commands.answer({uid, 1}, command.dump()));
  }
};

TEST_F(AdminTest, AnAccountIsMadeRecordedAndWorks) {
  const json reply = ask({{"command", "account-create"}, {"id", "222222222222"}});
  ASSERT_EQ(reply["ok"], true) << reply;
  const std::string secret = reply["result"]["secret_access_key"];
  EXPECT_EQ(reply["result"]["account"], "222222222222");
  EXPECT_EQ(reply["result"]["endpoint"], "http://127.0.0.1:4599");
  const auto records = trail();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]["eventSource"], "coffer.local");
  EXPECT_EQ(records[0]["eventName"], "CreateAccount");
  EXPECT_EQ(records[0]["userIdentity"]["type"], "UnixUser");
  EXPECT_EQ(records[0]["userIdentity"]["principalId"], "uid:1000");
  EXPECT_EQ(records[0].dump().find(secret), std::string::npos);

  NewAccount made;
  made.access_key.id = reply["result"]["access_key_id"];
  made.secret = secret::SecretBytes::copy_of(as_bytes(secret));
  auto request = kms_request("ListKeys", "{}");
  sign(request, "kms", "us-west-2", &made);
  EXPECT_EQ(pipeline_->serve(std::move(request)).status, 200);

  const json again = ask({{"command", "account-create"}, {"id", "222222222222"}});
  EXPECT_EQ(again["ok"], false);
  EXPECT_EQ(again["error"]["code"], "AccountAlreadyExists");
  EXPECT_EQ(trail()[0]["errorCode"], "AccountAlreadyExists");
}

TEST_F(AdminTest, AnotherUserIsRefusedAndThatIsRecorded) {
  const json reply = ask({{"command", "account-create"}}, 1001);
  EXPECT_EQ(reply["ok"], false);
  EXPECT_EQ(reply["error"]["code"], "AccessDenied");
  ASSERT_EQ(trail().size(), 1u);
  EXPECT_EQ(trail()[0]["errorCode"], "AccessDenied");
  EXPECT_EQ(trail()[0]["userIdentity"]["principalId"], "uid:1001");
  EXPECT_EQ(ask({{"command", "status"}}, 1001)["ok"], false);
  EXPECT_EQ(ask({{"command", "status"}}, 0)["ok"], true);
}

TEST_F(AdminTest, AFailedChangeOfSealRecordsNothingOfTheBox) {
  const std::string box = "dGhlIG5ldyBzZWFsJ3Mga2V5";
  const json reply = ask({{"command", "seal-change"}, {"seal", "passphrase"}, {"sequence", 1}, {"box", box}});
  EXPECT_EQ(reply["ok"], false);
  const auto records = trail();
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records[0]["eventName"], "ChangeSeal");
  EXPECT_TRUE(records[0].contains("errorCode"));
  EXPECT_EQ(records[0]["requestParameters"]["seal"], "passphrase");
  for (const json& record : records) EXPECT_EQ(record.dump().find(box), std::string::npos) << record;
}

TEST_F(AdminTest, StatusTellsWhatIsUpAndWhatIsNot) {
  const json status = ask({{"command", "status"}})["result"];
  EXPECT_EQ(status["keyd"]["up"], true);
  EXPECT_EQ(status["keyd"]["domain_key_version"], 1);
  EXPECT_EQ(status["volumed"]["up"], false);
  EXPECT_EQ(status["counts"]["accounts"], 1);
  EXPECT_EQ(status["regions"], json({"us-west-2", "us-east-1"}));
  EXPECT_THAT(status["warnings"].dump(), ::testing::HasSubstr("volumed is down"));
}

TEST_F(AdminTest, VolumesHaveAUriOnceAttachedAndAReason) {
  catalog::Volume volume;
  volume.id = "vol-1";
  volume.state = "in-use";
  catalog::Attachment attachment;
  attachment.volume_id = "vol-1";
  attachment.id = "attach-1";
  attachment.state = "attached";
  attachment.socket_path = "/run/a folder/vol-1.sock";
  const auto store = [&](auto change) { ASSERT_TRUE(catalog_->write(change)); };
  store([&](catalog::Transaction& t) { return t.insert_volume(volume); });
  EXPECT_EQ(ask({{"command", "volume-uri"}, {"volume_id", "vol-1"}})["error"]["code"], "IncorrectState");
  store([&](catalog::Transaction& t) { return t.insert_attachment(attachment); });
  EXPECT_EQ(ask({{"command", "volume-uri"}, {"volume_id", "vol-1"}})["result"]["uri"],
            "nbd+unix:///vol-1?socket=/run/a%20folder/vol-1.sock");
  EXPECT_EQ(ask({{"command", "volume-why"}, {"volume_id", "vol-1"}})["result"]["message"], "");
  attachment.failure = "the key is disabled";
  store([&](catalog::Transaction& t) { return t.update_attachment(attachment); });
  EXPECT_EQ(ask({{"command", "volume-why"}, {"volume_id", "vol-1"}})["result"]["message"],
            "the key is disabled");
  EXPECT_EQ(ask({{"command", "volume-uri"}, {"volume_id", "vol-1"}})["ok"], false);
  EXPECT_EQ(ask({{"command", "volume-why"}, {"volume_id", "vol-2"}})["error"]["code"],
            "InvalidVolume.NotFound");
}

TEST_F(AdminTest, NonsenseIsRefused) {
  AdminCommands commands(*installation_, "", 1000);
  for (const char* line : {"", "[]", "{", "{\"command\":7}", "{\"command\":\"destroy\"}", "\xff"})
    EXPECT_EQ(json::parse(commands.answer({1000, 1}, line))["ok"], false) << line;
}

TEST_F(AdminTest, TheTrailIsOldestFirst) {
  for (const char* operation : {"ListKeys", "ListAliases"}) serve_kms(operation, "{}");
  const json records = ask({{"command", "trail"}, {"newest", 2}})["result"]["records"];
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0]["eventName"], "ListKeys");
  EXPECT_EQ(records[1]["eventName"], "ListAliases");
}

TEST(AdminServerTest, TellsTheHandlerWhoAsks) {
  int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const testing::TemporaryFolder folder;
  const std::string path = folder / "admin.sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening, 8), 0);
  AdminServer server(FileDescriptor(listening), [](const UnixPeer& peer, const std::string& line) {
    return std::to_string(peer.uid) + " " + line;
  });
  const FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::write(client.get(), "a\nb\n", 4), 4);
  std::string received;
  char piece[256];
  while (std::count(received.begin(), received.end(), '\n') < 2) {
    const ssize_t got = ::read(client.get(), piece, sizeof piece);
    ASSERT_GT(got, 0);
    received.append(piece, static_cast<size_t>(got));
  }
  const std::string uid = std::to_string(::getuid());
  EXPECT_EQ(received, uid + " a\n" + uid + " b\n");
}

class FirstStart : public ApiFixture {
 protected:
  FirstStart() {
    // An empty catalog: the fixture's account is not the one to be made.
    installation_->owner_account = "444444444444";
  }
  std::string file(const char* name) {
    auto contents = read_file(system_disk(), folder_ / name);
    return contents ? std::string(as_text(*contents)) : std::string();
  }
};

TEST_F(FirstStart, MakesTheOwnerWithWorkingCredentialsOnce) {
  ASSERT_TRUE(prepare_installation(*installation_, system_disk(), folder_.path()));
  const std::string credentials = file("root-credentials");
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "root-credentials").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto value = [&](const std::string& name) {
    const size_t start = credentials.find(name + " = ") + name.size() + 3;
    return credentials.substr(start, credentials.find('\n', start) - start);
  };
  NewAccount owner;
  owner.access_key.id = value("aws_access_key_id");
  owner.secret = secret::SecretBytes::copy_of(as_bytes(value("aws_secret_access_key")));
  auto request = kms_request("ListKeys", "{}");
  sign(request, "kms", value("region"), &owner);
  EXPECT_EQ(pipeline_->serve(std::move(request)).status, 200);
  EXPECT_THAT(file("ca.pem"), ::testing::StartsWith("-----BEGIN CERTIFICATE-----"));

  const std::string ca = file("ca.pem");
  ASSERT_TRUE(prepare_installation(*installation_, system_disk(), folder_.path()));
  EXPECT_EQ(file("root-credentials"), credentials);
  EXPECT_EQ(file("ca.pem"), ca);
}

TEST_F(FirstStart, CutOffAfterTheFileItMakesAnotherThatWorks) {
  ASSERT_TRUE(replace_file(system_disk(), folder_ / "root-credentials", as_bytes("[default]\nstale\n")));
  ASSERT_TRUE(prepare_installation(*installation_, system_disk(), folder_.path()));
  EXPECT_THAT(file("root-credentials"), ::testing::HasSubstr("aws_secret_access_key"));
}

TEST_F(FirstStart, WaitsForKeyd) {
  keyd_server_.stop();
  const auto prepared = prepare_installation(*installation_, system_disk(), folder_.path());
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(file("root-credentials"), "");
}

}  // namespace
}  // namespace coffer::api
