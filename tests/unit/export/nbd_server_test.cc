// SPDX-License-Identifier: Apache-2.0
// Does the server open, guard and close its socket as its header says?
#include "export/nbd_server.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "tests/support/memory_device.h"
#include "tests/unit/export/nbd_client.h"

namespace coffer::exporting {
namespace {
using namespace format::nbd;

// Holds every write until it is told to let go.
class HoldingDevice : public testing::MemoryDevice {
 public:
  using MemoryDevice::MemoryDevice;
  Status write(uint64_t offset, ByteView data, bool durable) override {
    entered.set_value();
    release.get_future().wait();
    return MemoryDevice::write(offset, data, durable);
  }
  std::promise<void> entered, release;
};

class NbdServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/coffer-nbd-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    path_ = folder_ + "/vol-1.sock";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  NbdExport served() { return {"vol-1", "", device_}; }
  FileDescriptor connect() {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
    return socket;
  }
  static void wait_for_clients(const NbdServer& server, uint32_t wanted) {
    for (int i = 0; i < 500 && server.clients() != wanted; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(server.clients(), wanted);
  }

  std::string folder_, path_;
  std::shared_ptr<testing::MemoryDevice> device_ = std::make_shared<testing::MemoryDevice>(1 << 20);
};

TEST_F(NbdServerTest, TheSocketIsForItsOwnerOnlyAndGoesWithTheServer) {
  {
    const auto server = NbdServer::start(served(), path_);
    ASSERT_TRUE(server);
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 0777, 0600u);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(NbdServerTest, AStaleSocketIsReplaced) {
  FileDescriptor stale(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_TRUE(stale.valid());
  const auto server = NbdServer::start(served(), path_);
  ASSERT_TRUE(server);
  EXPECT_TRUE(connect().valid());
}

TEST_F(NbdServerTest, APathTooLongIsRefusedInWords) {
  const auto server = NbdServer::start(served(), folder_ + "/" + std::string(120, 'x'));
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::kInvalidArgument);
  EXPECT_NE(server.error().message.find("longer than"), std::string::npos);
}

TEST_F(NbdServerTest, OneClientMoreThanTheLimitIsClosed) {
  const auto server = NbdServer::start(served(), path_, {.clients = 2});
  ASSERT_TRUE(server);
  NbdClient first(connect()), second(connect());
  first.enter(false);
  second.enter(false);
  EXPECT_EQ((*server)->clients(), 2u);
  NbdClient third(connect());
  EXPECT_TRUE(third.closed_by_server());
  first.close();
  wait_for_clients(**server, 1);
  NbdClient fourth(connect());
  fourth.enter(false);
  EXPECT_EQ(fourth.command(kFlush, 0, 0), kSuccess);
}

TEST_F(NbdServerTest, AWriteOfOneClientIsSeenByAnother) {
  const auto server = NbdServer::start(served(), path_);
  ASSERT_TRUE(server);
  NbdClient writer(connect()), reader(connect());
  writer.enter(false);
  reader.enter(false);
  EXPECT_EQ(writer.write(0, as_bytes("seen")), kSuccess);
  reader.request(kRead, 1, 0, 4);
  EXPECT_TRUE(reader.simple_reply());
  EXPECT_EQ(as_text(reader.receive(4)), "seen");
}

TEST_F(NbdServerTest, StopLetsTheRunningRequestEndAndClosesTheRest) {
  const auto holding = std::make_shared<HoldingDevice>(1 << 20);
  const auto server = NbdServer::start({"vol-1", "", holding}, path_);
  ASSERT_TRUE(server);
  NbdClient busy(connect()), idle(connect());
  busy.enter(false);
  idle.enter(false);
  busy.request(kWrite, 1, 0, 4);
  busy.send(as_bytes("last"));
  holding->entered.get_future().wait();
  std::thread stopper([&] { (*server)->stop(); });
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_FALSE(connect().valid());
  holding->release.set_value();
  const auto reply = busy.simple_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error, kSuccess);
  EXPECT_TRUE(busy.closed_by_server());
  stopper.join();
  EXPECT_EQ(holding->writes, 1);
  EXPECT_EQ((*server)->clients(), 0u);
}

TEST_F(NbdServerTest, AClientThatTakesNoRepliesDoesNotHoldUpStop) {
  const auto server = NbdServer::start(served(), path_, {.drain = std::chrono::milliseconds(100)});
  ASSERT_TRUE(server);
  NbdClient lazy(connect());
  lazy.enter(false);
  for (uint64_t i = 0; i < 64; ++i) lazy.request(kRead, i, 0, 1 << 20);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto begin = std::chrono::steady_clock::now();
  (*server)->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace coffer::exporting
