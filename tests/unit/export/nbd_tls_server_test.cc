// SPDX-License-Identifier: Apache-2.0
// Does NBD over TLS open a volume to whom a certificate names, and nothing to anybody else? Does no client
// hold up the others?
#include "export/nbd_tls_server.h"

#include <sys/socket.h>

#include <csignal>

#include "tests/support/memory_device.h"
#include "tests/unit/export/tls_nbd_client.h"

namespace coffer::exporting {
namespace {
using namespace format::nbd;
using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

class NbdTlsServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as volumed does
    directory_.add({"vol-1", "", first_});
    directory_.add({"vol-2", "", second_});
    ASSERT_TRUE(
        identity_->set_certificate(authority_.certify_server(identity_->public_key_der()), authority_.der()));
    serve();
  }
  void serve(uint32_t most_clients = NbdTlsServer::kMostClients) {
    FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address_ = {};
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address_), size), 0);
    ASSERT_EQ(::listen(listener.get(), 64), 0);
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
    server_ = *NbdTlsServer::start(std::move(listener), *identity_, directory_, limits_, most_clients);
  }
  std::unique_ptr<TlsNbdClient> connect(int receive_buffer = 0) {
    FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer != 0)
      ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
    return std::make_unique<TlsNbdClient>(std::move(socket));
  }
  std::unique_ptr<TlsNbdClient> enter(std::string_view name = "vol-1") {
    auto client = connect();
    EXPECT_TRUE(client->start_tls(&everything_));
    EXPECT_EQ(client->go(name), kReplyAck);
    return client;
  }
  // What GO is answered with; 0 when TLS or the connection ended.
  uint32_t answer_to(const TestCertificate* certificate, std::string_view name,
                     int version = TLS1_3_VERSION) {
    const auto client = connect();
    return client->start_tls(certificate, version) ? client->go(name) : 0;
  }

  TestAuthority authority_;
  const TestCertificate everything_ = authority_.client({"coffer:nbd:*"});
  const TestCertificate one_ = authority_.client({"coffer:nbd:vol-1"});
  std::shared_ptr<testing::MemoryDevice> first_ = std::make_shared<testing::MemoryDevice>(16 << 20);
  std::shared_ptr<testing::MemoryDevice> second_ = std::make_shared<testing::MemoryDevice>(2 << 20);
  const NbdLimits limits_{.clients = 3, .handshake = milliseconds(1000), .drain = milliseconds(300)};
  ExportDirectory directory_{limits_};
  std::unique_ptr<TlsIdentity> identity_ = *TlsIdentity::create();
  sockaddr_in address_{};
  std::unique_ptr<NbdTlsServer> server_;
};

TEST_F(NbdTlsServerTest, APermittedClientReadsWhatItWrote) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto client = connect();
    ASSERT_TRUE(client->start_tls(&one_, version));
    EXPECT_EQ(client->version(), version);
    ASSERT_EQ(client->go("vol-1"), kReplyAck);
    Bytes data(3'000'001);
    for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * 7 + i / 251);
    EXPECT_EQ(client->write(12345, data), kSuccess);
    client->request(kRead, 77, 12345, static_cast<uint32_t>(data.size()));
    const auto reply = client->simple_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->cookie, 77u);
    EXPECT_EQ(client->receive(data.size()), data);
  }
  EXPECT_EQ(answer_to(&one_, "vol-1", TLS1_1_VERSION), 0u);
}

TEST_F(NbdTlsServerTest, ACertificateOpensWhatItNamesAlone) {
  EXPECT_EQ(answer_to(&one_, "vol-1"), kReplyAck);
  EXPECT_EQ(answer_to(&one_, ""), kReplyAck);
  EXPECT_EQ(answer_to(&one_, "vol-2"), kReplyErrorPolicy);
  EXPECT_EQ(answer_to(&one_, "vol-3"), kReplyErrorPolicy);  // whether it exists is not told
  EXPECT_EQ(answer_to(&one_, "*"), kReplyErrorPolicy);
  EXPECT_EQ(answer_to(&everything_, "vol-2"), kReplyAck);
  EXPECT_EQ(answer_to(&everything_, "vol-3"), kReplyErrorUnknown);
  EXPECT_EQ(answer_to(&everything_, ""), kReplyErrorUnknown);
  const auto two = authority_.client({"coffer:nbd:vol-2", "coffer:nbd:vol-3"});
  EXPECT_EQ(answer_to(&two, "vol-2"), kReplyAck);
  EXPECT_EQ(answer_to(&two, "vol-3"), kReplyErrorUnknown);
  EXPECT_EQ(answer_to(&two, "vol-1"), kReplyErrorPolicy);
}

TEST_F(NbdTlsServerTest, OtherCertificatesOpenNothing) {
  const auto expired = authority_.client({"coffer:nbd:*"}, 3);
  const auto foreign = TestAuthority().client({"coffer:nbd:*"});
  const auto endpoint = authority_.endpoint();
  const auto nameless = authority_.client({"coffer:other:*"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_EQ(answer_to(nullptr, "vol-1", version), 0u);
    EXPECT_EQ(answer_to(&expired, "vol-1", version), 0u);
    EXPECT_EQ(answer_to(&foreign, "vol-1", version), 0u);
    EXPECT_EQ(answer_to(&endpoint, "vol-1", version), 0u);
    EXPECT_EQ(answer_to(&nameless, "vol-1", version), kReplyErrorPolicy);
    EXPECT_EQ(answer_to(&one_, "vol-1", version), kReplyAck);  // so that the others were refused for cause
  }
}

TEST_F(NbdTlsServerTest, TheListShowsWhatMayBeOpened) {
  const auto listed = [&](const TestCertificate& certificate) {
    const auto client = connect();
    EXPECT_TRUE(client->start_tls(&certificate));
    return client->ask(kOptionList);
  };
  EXPECT_EQ(listed(everything_).size(), 3u);
  const auto own = listed(one_);
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own[0].data, write_export_entry("vol-1"));
}

TEST_F(NbdTlsServerTest, BeforeTlsNothingIsAnswered) {
  const auto client = connect();
  client->greet();
  for (const uint32_t option :
       {kOptionInfo, kOptionGo, kOptionList, kOptionStructuredReply, kOptionSetMetaContext, Option(99)}) {
    const auto answers = client->ask(option, NbdClient::information("vol-1", {}));
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].type, kReplyErrorTlsRequired) << option;
  }
  EXPECT_EQ(client->ask(kOptionStartTls, as_bytes("x")).back().type, kReplyErrorInvalid);
  EXPECT_EQ(client->ask(kOptionAbort).back().type, kReplyAck);
  EXPECT_TRUE(client->closed_by_server());
  const auto old = connect();
  old->greet();
  old->option(kOptionExportName, as_bytes("vol-1"));
  EXPECT_TRUE(old->closed_by_server());
}

// What came in the clear must not be taken for what came through TLS.
TEST_F(NbdTlsServerTest, WordsInTheClearBehindStartTlsEndTheConnection) {
  const auto client = connect();
  client->greet();
  Bytes both;
  for (int i = 0; i < 2; ++i) {
    const Bytes one = {'I', 'H', 'A', 'V', 'E', 'O', 'P', 'T', 0, 0, 0, uint8_t(i == 0 ? 5 : 8), 0, 0, 0, 0};
    both.insert(both.end(), one.begin(), one.end());
  }
  client->send(both);
  EXPECT_EQ(client->option_answer().type, kReplyAck);
  uint8_t byte;
  EXPECT_LE(::recv(client->descriptor(), &byte, 1, 0), 0);
}

TEST_F(NbdTlsServerTest, WithinTlsItIsNotStartedAgain) {
  const auto client = connect();
  ASSERT_TRUE(client->start_tls(&one_));
  EXPECT_EQ(client->ask(kOptionStartTls).back().type, kReplyErrorInvalid);
  EXPECT_EQ(client->go("vol-1"), kReplyAck);
}

TEST_F(NbdTlsServerTest, MuteClientsHoldNobodyUpAndAreClosed) {
  std::vector<std::unique_ptr<TlsNbdClient>> mute;
  for (int i = 0; i < 8; ++i) mute.push_back(connect());
  mute[1]->greet();
  mute[2]->greet();
  mute[2]->ask(kOptionStartTls);  // and no TLS after it
  const auto begin = SteadyClock::now();
  EXPECT_EQ(enter()->write(0, Bytes(4096)), kSuccess);
  EXPECT_LT(SteadyClock::now() - begin, limits_.handshake);
  for (const auto& client : mute) {
    client->receive(18);
    EXPECT_TRUE(client->closed_by_server());
  }
  EXPECT_LT(SteadyClock::now() - begin, seconds(5));
}

TEST_F(NbdTlsServerTest, ClientsOfOneExportAreLimited) {
  std::vector<std::unique_ptr<TlsNbdClient>> clients;
  for (uint32_t i = 0; i < limits_.clients; ++i) clients.push_back(enter());
  for (const auto& client : clients) EXPECT_EQ(client->command(kFlush, 0, 0), kSuccess);
  EXPECT_EQ(directory_.clients("vol-1"), limits_.clients);
  EXPECT_TRUE(enter()->closed_by_server());
  EXPECT_EQ(enter("vol-2")->command(kFlush, 0, 0), kSuccess);
  clients.pop_back();
  for (int i = 0; i < 100 && directory_.clients("vol-1") == limits_.clients; ++i)
    std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(enter()->command(kFlush, 0, 0), kSuccess);
}

TEST_F(NbdTlsServerTest, AllClientsTogetherAreLimited) {
  server_.reset();
  serve(2);
  const auto first = enter(), second = enter("vol-2");
  EXPECT_EQ(connect()->receive(18).size(), 0u);
  EXPECT_EQ(first->command(kFlush, 0, 0), kSuccess);
}

// A client that asks and asks and reads no reply is not heard any more: what it can have under way is
// bounded.
TEST_F(NbdTlsServerTest, AClientThatDoesNotReadIsNotReadFrom) {
  const auto client = connect(64 * 1024);
  ASSERT_TRUE(client->start_tls(&one_));
  ASSERT_EQ(client->go("vol-1"), kReplyAck);
  constexpr int kRequests = 1000;  // of a megabyte each
  for (int i = 0; i < kRequests; ++i) client->request(kRead, i, 0, 1 << 20);
  int before = -1;
  while (before != first_->reads) {
    before = first_->reads;
    std::this_thread::sleep_for(milliseconds(300));
  }
  EXPECT_GT(before, 0);
  EXPECT_LT(before, 8 * 64);  // pieces of 128 KiB: the sockets' buffers, and not a gigabyte
  EXPECT_EQ(enter()->command(kFlush, 0, 0), kSuccess);
  const auto begin = SteadyClock::now();
  directory_.remove("vol-1");
  EXPECT_LT(SteadyClock::now() - begin, seconds(3));
}

TEST_F(NbdTlsServerTest, AnExportThatGoesTakesItsClientsAlong) {
  const auto going = enter(), staying = enter("vol-2");
  EXPECT_EQ(going->write(0, Bytes(4096)), kSuccess);
  EXPECT_EQ(staying->command(kFlush, 0, 0), kSuccess);
  const std::weak_ptr<testing::MemoryDevice> device = first_;
  const auto dawdling = connect();
  ASSERT_TRUE(dawdling->start_tls(&one_));
  EXPECT_EQ(dawdling->ask(kOptionInfo, NbdClient::information("vol-1", {})).back().type, kReplyAck);
  directory_.remove("vol-1");
  first_.reset();
  EXPECT_TRUE(device.expired());  // nobody keeps it, not even one in the middle of its handshake
  EXPECT_TRUE(going->closed_by_server());
  EXPECT_EQ(staying->command(kFlush, 0, 0), kSuccess);
  EXPECT_EQ(dawdling->go("vol-1"), kReplyErrorUnknown);
}

TEST(TlsIdentityTest, TakesCertificatesForItsOwnKeyOnly) {
  const auto identity = *TlsIdentity::create();
  const TestAuthority authority;
  const auto now = SteadyClock::now();
  EXPECT_FALSE(identity->wait_for_context(now));
  EXPECT_FALSE(identity->set_certificate(authority.endpoint().der, authority.der()));
  EXPECT_FALSE(identity->set_certificate(Bytes{1, 2, 3}, authority.der()));
  const Bytes good = authority.certify_server(identity->public_key_der());
  EXPECT_FALSE(identity->set_certificate(good, {}));
  EXPECT_FALSE(identity->wait_for_context(now));
  EXPECT_TRUE(identity->set_certificate(good, authority.der()));
  EXPECT_TRUE(identity->wait_for_context(now));
}

}  // namespace
}  // namespace coffer::exporting
