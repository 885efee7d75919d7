// SPDX-License-Identifier: Apache-2.0
// Is a proxy that does not answer given up in time, and is nothing sent that keyd has not signed for?
#include "xks/proxy_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/file_descriptor.h"
#include "crypto/random.h"

namespace coffer::xks {
namespace {

using std::chrono::milliseconds;

// A TCP port that takes connections and says nothing, until it is closed.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 64), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  const std::string& address() const { return address_; }
  void close() { socket_ = FileDescriptor(); }
  // Has anybody connected? A moment's patience.
  bool was_called() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  }

 private:
  FileDescriptor socket_;
  std::string address_;
};

const Proxy kProxy = {"cks-1", "xks.example.com", "/kms/xks/v1", "us-west-2", "ABCDEFGHIJKLMNOPQRST", {1}};
const RequestMetadata kMetadata = {"", "", "ConnectCustomKeyStore", "id", ""};

Result<secret::SecretBytes> some_key(const Proxy&, const std::string&) {
  return crypto::random_secret(32);
}

struct ProxyClientTest : ::testing::Test {
  std::unique_ptr<wire::HttpsClient> https(milliseconds timeout) {
    wire::HttpsClient::Options options;
    options.timeout = timeout;
    options.connect_to = {{kProxy.host, port.address()}};
    auto started = wire::HttpsClient::start(std::move(options));
    EXPECT_TRUE(started);
    return std::move(*started);
  }
  SilentPort port;
};

TEST_F(ProxyClientTest, SilenceIsGivenUpInTime) {
  const auto client = https(milliseconds(200));
  ProxyClient proxies(*client, system_clock(), some_key);
  const auto began = std::chrono::steady_clock::now();
  const auto health = proxies.health(kProxy, kMetadata);
  const auto took = std::chrono::steady_clock::now() - began;
  ASSERT_FALSE(health);
  EXPECT_EQ(health.error(), Failure::kTimeout);
  EXPECT_GE(took, milliseconds(190));
  EXPECT_LT(took, milliseconds(5000));
}

TEST_F(ProxyClientTest, NobodyThereIsTold) {
  const auto client = https(milliseconds(2000));
  ProxyClient proxies(*client, system_clock(), some_key);
  port.close();
  EXPECT_EQ(proxies.health(kProxy, kMetadata).error(), Failure::kUnreachable);
  Proxy unknown = kProxy;
  unknown.host = "proxy.invalid";
  EXPECT_EQ(proxies.health(unknown, kMetadata).error(), Failure::kUnreachable);
}

TEST_F(ProxyClientTest, NothingIsSentWithoutASignature) {
  const auto client = https(milliseconds(200));
  ProxyClient proxies(*client, system_clock(), [](const Proxy&, const std::string&) {
    return Result<secret::SecretBytes>(fail(ErrorKind::kUnavailable, "keyd is not there"));
  });
  EXPECT_EQ(proxies.health(kProxy, kMetadata).error(), Failure::kNotSigned);
  EXPECT_FALSE(port.was_called());
  ProxyClient signing(*client, system_clock(), some_key);
  (void)signing.health(kProxy, kMetadata);
  EXPECT_TRUE(port.was_called());  // it would have been seen
}

// Whoever may create key stores names hosts.
TEST_F(ProxyClientTest, OnlySoManyHostsAreRemembered) {
  wire::HttpsClient::Options options;
  options.timeout = milliseconds(2000);
  for (int i = 0; i < 200; ++i) options.connect_to[std::to_string(i) + ".example.com"] = port.address();
  port.close();
  auto client = wire::HttpsClient::start(std::move(options));
  ASSERT_TRUE(client);
  for (int i = 0; i < 200; ++i) {
    wire::HttpRequest request;
    request.method = "POST";
    request.set_target("/");
    request.headers.set("Host", std::to_string(i) + ".example.com");
    EXPECT_EQ((*client)->post(request).error(), wire::HttpsFailure::kUnreachable);
    EXPECT_LE((*client)->remembered_hosts(), 64u);
  }
  EXPECT_GE((*client)->remembered_hosts(), 10u) << "some are";
}

TEST_F(ProxyClientTest, WhatTheOperatorSaysIsChecked) {
  for (const char* address :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "host:443", "1.2.3.4:x"}) {
    wire::HttpsClient::Options options;
    options.connect_to = {{"xks.example.com", address}};
    EXPECT_FALSE(wire::HttpsClient::start(std::move(options))) << address;
  }
  wire::HttpsClient::Options options;
  options.authorities_pem = "no certificate";
  EXPECT_FALSE(wire::HttpsClient::start(std::move(options)));
}

}  // namespace
}  // namespace coffer::xks
