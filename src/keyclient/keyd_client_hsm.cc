// SPDX-License-Identifier: Apache-2.0
// KeydClient's calls about keys in PKCS#11 tokens.
#include "keyclient/keyd_channel.h"

namespace coffer::keyclient {
namespace {

using format::keyd::Operation;
namespace protocol = format::keyd;

constexpr auto kPatienceForALogin = std::chrono::seconds(30);

}  // namespace

Result<HsmClusterStatus> KeydClient::describe_hsm_cluster(const std::string& cluster_id,
                                                          const std::string& account,
                                                          const std::string& certificate_pem, bool look) {
  COFFER_TRY(reply, channel_->call_for_bytes(
                        Operation::kDescribeHsmCluster,
                        protocol::DescribeHsmCluster{cluster_id, account, certificate_pem, look},
                        kPatienceForALogin));
  return protocol::parse_body<protocol::HsmClusterReply>(reply);
}

Result<format::HsmLoginOutcome> KeydClient::connect_hsm(const HsmLogin& login) {
  COFFER_TRY(reply, channel_->call_for_bytes(Operation::kConnectHsm,
                                             protocol::ConnectHsm{login, protocol::HsmConnection::kConnect},
                                             kPatienceForALogin));
  COFFER_TRY(body, protocol::parse_body<protocol::HsmLoginReply>(reply));
  return body.outcome;
}

Status KeydClient::remember_hsm(const HsmLogin& login) {
  COFFER_CHECK(channel_->call_for_bytes(Operation::kConnectHsm,
                                        protocol::ConnectHsm{login, protocol::HsmConnection::kRemember}));
  return {};
}

Status KeydClient::disconnect_hsm(const HsmLogin& login) {
  COFFER_CHECK(channel_->call_for_bytes(Operation::kConnectHsm,
                                        protocol::ConnectHsm{login, protocol::HsmConnection::kDisconnect},
                                        kPatienceForALogin));
  return {};
}

Result<HsmKey> KeydClient::create_hsm_key(const HsmLogin& login, const format::KeyBinding& binding,
                                          uint32_t version) {
  COFFER_TRY(reply,
             channel_->call_for_bytes(Operation::kCreateHsmKey,
                                      protocol::CreateHsmKey{login, binding, version}, kPatienceForALogin));
  return protocol::parse_body<protocol::HsmKeyReply>(reply);
}

Status KeydClient::destroy_hsm_key(const HsmLogin& login, const WrappedBackingKey& key) {
  COFFER_CHECK(channel_->call_for_bytes(Operation::kDestroyHsmKey, protocol::DestroyHsmKey{login, key},
                                        kPatienceForALogin));
  return {};
}

Result<secret::SecretBytes> KeydClient::generate_hsm_random(const HsmLogin& login, uint32_t size) {
  return channel_->call(Operation::kGenerateHsmRandom, protocol::GenerateHsmRandom{login, size},
                        kPatienceForALogin);
}

}  // namespace coffer::keyclient
