// SPDX-License-Identifier: Apache-2.0
// Is every option of the NBD handshake answered as the protocol asks, also the ones that are wrong?
#include <sys/socket.h>

#include <thread>

#include "export/nbd_server.h"
#include "tests/support/memory_device.h"
#include "tests/unit/export/nbd_client.h"

namespace coffer::exporting {
namespace {
using namespace format::nbd;

class NbdHandshake : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    server_ = FileDescriptor(ends[0]);
    client_.emplace(FileDescriptor(ends[1]));
    thread_ = std::thread([this] {
      serve_nbd_client(server_.get(), served_, limits_, stopping_);
      ::shutdown(server_.get(), SHUT_RDWR);
    });
  }
  void TearDown() override {
    client_->close();
    thread_.join();
  }

  NbdExport served_{"vol-1", "a volume", std::make_shared<testing::MemoryDevice>(1 << 20)};
  NbdLimits limits_{.handshake = std::chrono::milliseconds(500)};
  std::atomic<bool> stopping_ = false;
  FileDescriptor server_;
  std::optional<NbdClient> client_;
  std::thread thread_;
};

TEST_F(NbdHandshake, InfoTellsAllThatWasAskedForAndStays) {
  client_->greet();
  const auto answers = client_->ask(kOptionInfo, NbdClient::information("vol-1", {1, 2, 3, 77}));
  ASSERT_EQ(answers.size(), 5u);
  EXPECT_EQ(answers[0].data, write_export_information(1 << 20, transmission_flags(served_, false)));
  EXPECT_EQ(answers[1].data, write_text_information(kInformationName, "vol-1"));
  EXPECT_EQ(answers[2].data, write_text_information(kInformationDescription, "a volume"));
  EXPECT_EQ(answers[3].data, write_block_size_information(1, 4096, 32 << 20));
  EXPECT_EQ(answers[4].type, kReplyAck);
  EXPECT_EQ(client_->ask(kOptionGo, NbdClient::information("", {})).back().type, kReplyAck);
  EXPECT_EQ(client_->command(kFlush, 0, 0), kSuccess);
}

TEST_F(NbdHandshake, AnUnknownExportIsToldAndTheClientMayTryAgain) {
  client_->greet();
  EXPECT_EQ(client_->ask(kOptionGo, NbdClient::information("vol-2", {})).back().type, kReplyErrorUnknown);
  EXPECT_EQ(client_->ask(kOptionGo, NbdClient::information("vol-1", {})).back().type, kReplyAck);
}

TEST_F(NbdHandshake, ExportNameEntersWithoutPaddingWhenSoAgreed) {
  client_->greet(3);
  client_->option(kOptionExportName, as_bytes("vol-1"));
  EXPECT_EQ(client_->receive(10),
            write_export_name_answer(1 << 20, transmission_flags(served_, false), true));
  EXPECT_EQ(client_->command(kFlush, 0, 0), kSuccess);
}

TEST_F(NbdHandshake, ExportNamePadsForOldClients) {
  client_->greet(1);
  client_->option(kOptionExportName, {});
  EXPECT_EQ(client_->receive(134).size(), 134u);
  EXPECT_EQ(client_->command(kFlush, 0, 0), kSuccess);
}

TEST_F(NbdHandshake, ExportNameOfAnotherCloses) {
  client_->greet();
  client_->option(kOptionExportName, as_bytes("vol-2"));
  EXPECT_TRUE(client_->closed_by_server());
}

TEST_F(NbdHandshake, ListNamesTheExport) {
  client_->greet();
  const auto answers = client_->ask(kOptionList);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].data, write_export_entry("vol-1"));
  EXPECT_EQ(client_->ask(kOptionList, as_bytes("x")).back().type, kReplyErrorInvalid);
}

TEST_F(NbdHandshake, AbortIsAcknowledgedAndCloses) {
  client_->greet();
  EXPECT_EQ(client_->ask(kOptionAbort).back().type, kReplyAck);
  EXPECT_TRUE(client_->closed_by_server());
}

TEST_F(NbdHandshake, UnknownOptionsAreUnsupported) {
  client_->greet();
  for (const uint32_t option : {0u, 4u, 5u, 11u, 0xffffffffu})
    EXPECT_EQ(client_->ask(option, as_bytes("data")).back().type, kReplyErrorUnsupported) << option;
}

TEST_F(NbdHandshake, StructuredRepliesTakeNoData) {
  client_->greet();
  EXPECT_EQ(client_->ask(kOptionStructuredReply, as_bytes("x")).back().type, kReplyErrorInvalid);
  EXPECT_EQ(client_->ask(kOptionStructuredReply).back().type, kReplyAck);
  const auto answers = client_->ask(kOptionInfo, NbdClient::information("", {}));
  EXPECT_EQ(answers[0].data, write_export_information(1 << 20, transmission_flags(served_, true)));
  EXPECT_NE(transmission_flags(served_, true), transmission_flags(served_, false));
}

TEST_F(NbdHandshake, ContextsNeedStructuredReplies) {
  client_->greet();
  const Bytes query = NbdClient::contexts("", {"base:allocation"});
  EXPECT_EQ(client_->ask(kOptionSetMetaContext, query).back().type, kReplyErrorInvalid);
  client_->ask(kOptionStructuredReply);
  EXPECT_EQ(client_->ask(kOptionSetMetaContext, query).size(), 2u);
}

TEST_F(NbdHandshake, ContextsAreListedByQuery) {
  client_->greet();
  client_->ask(kOptionStructuredReply);
  const auto listed = [&](std::vector<std::string_view> queries) {
    return client_->ask(kOptionListMetaContext, NbdClient::contexts("vol-1", queries)).size() - 1;
  };
  EXPECT_EQ(listed({}), 2u);
  EXPECT_EQ(listed({"base:"}), 1u);
  EXPECT_EQ(listed({"coffer:"}), 1u);
  EXPECT_EQ(listed({"coffer:depth", "base:allocation"}), 2u);
  EXPECT_EQ(listed({"x-other:thing", "base:allocation"}), 1u);
  EXPECT_EQ(listed({"x-other:thing"}), 0u);
  // To set, a name has to be whole, and nothing selects nothing.
  EXPECT_EQ(client_->ask(kOptionSetMetaContext, NbdClient::contexts("", {"base:"})).size(), 1u);
  EXPECT_EQ(client_->ask(kOptionSetMetaContext, NbdClient::contexts("", {})).size(), 1u);
  EXPECT_EQ(client_->ask(kOptionSetMetaContext, NbdClient::contexts("vol-2", {})).back().type,
            kReplyErrorUnknown);
}

TEST_F(NbdHandshake, AFailedSelectionTakesTheEarlierOneBack) {
  client_->greet();
  client_->ask(kOptionStructuredReply);
  EXPECT_EQ(client_->ask(kOptionSetMetaContext, NbdClient::contexts("", {"base:allocation"})).size(), 2u);
  EXPECT_EQ(client_->ask(kOptionSetMetaContext, as_bytes("x")).back().type, kReplyErrorInvalid);
  client_->ask(kOptionGo, NbdClient::information("", {}));
  client_->request(kBlockStatus, 1, 0, 4096);
  EXPECT_EQ(client_->chunk()->type, kChunkError);
}

TEST_F(NbdHandshake, ContextsOfAnotherNameDoNotCount) {
  client_->greet();
  client_->ask(kOptionStructuredReply);
  client_->ask(kOptionSetMetaContext, NbdClient::contexts("", {"base:allocation"}));
  client_->ask(kOptionGo, NbdClient::information("vol-1", {}));
  client_->request(kBlockStatus, 1, 0, 4096);
  EXPECT_EQ(client_->chunk()->type, kChunkError);
}

TEST_F(NbdHandshake, ABrokenOptionIsInvalidAndTheClientStays) {
  client_->greet();
  for (const uint32_t option : {kOptionInfo, kOptionGo})
    EXPECT_EQ(client_->ask(option, as_bytes("short")).back().type, kReplyErrorInvalid);
  EXPECT_EQ(client_->ask(kOptionList).size(), 2u);
}

TEST_F(NbdHandshake, AnOptionTooLongCloses) {
  client_->greet();
  client_->option(kOptionList, Bytes(kLongestOption + 1));
  EXPECT_EQ(client_->receive(1).size(), 0u);
}

TEST_F(NbdHandshake, UnknownClientFlagsClose) {
  client_->greet(4);
  EXPECT_TRUE(client_->closed_by_server());
}

TEST_F(NbdHandshake, EndlessOptionsClose) {
  client_->greet();
  int answered = 0;
  for (; answered < 10'000; ++answered) {
    client_->option(kOptionList, as_bytes("x"));
    if (client_->receive(20).size() < 20) break;
  }
  EXPECT_GT(answered, 32);
  EXPECT_LT(answered, 1000);
}

TEST_F(NbdHandshake, ASilentClientIsClosedInTime) {
  client_->receive(18);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(client_->closed_by_server());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace coffer::exporting
