// SPDX-License-Identifier: Apache-2.0
// KeydClient's calls about domain keys and seals.
#include "keyclient/keyd_channel.h"

namespace coffer::keyclient {
namespace {

using format::keyd::Operation;
namespace protocol = format::keyd;

constexpr auto kPatienceForASeal = std::chrono::seconds(60);  // a TPM or a token is slow

struct NoBody {
  void write(format::Writer&) const {}
};

Result<std::vector<Bytes>> rewrapped(Result<Bytes> reply, size_t expected) {
  if (!reply) return tl::unexpected(std::move(reply.error()));
  COFFER_TRY(body, protocol::parse_body<protocol::RewrapReply>(*reply));
  if (body.rewrapped.size() != expected) return fail(ErrorKind::kInternal, "keyd re-wrapped another number");
  return std::move(body.rewrapped);
}

}  // namespace

Result<SealStatus> KeydClient::seal_status() {
  COFFER_TRY(reply, channel_->call(Operation::kSealStatus, NoBody{}));
  return protocol::parse_body<protocol::SealStatusReply>(public_bytes(reply));
}

Result<uint32_t> KeydClient::add_domain_key(uint32_t version) {
  COFFER_TRY(reply, channel_->call(Operation::kAddDomainKey, protocol::DomainKeyVersion{version},
                                   kPatienceForASeal));
  COFFER_TRY(body, protocol::parse_body<protocol::DomainKeyVersion>(public_bytes(reply)));
  return body.version;
}

Result<std::vector<Bytes>> KeydClient::rewrap_tokens(std::vector<Bytes> tokens) {
  const size_t count = tokens.size();
  return rewrapped(
      channel_->call_for_bytes(Operation::kRewrapTokens, protocol::RewrapTokens{std::move(tokens)}), count);
}

Result<std::vector<Bytes>> KeydClient::rewrap_secrets(std::vector<NamedSecret> secrets) {
  const size_t count = secrets.size();
  return rewrapped(
      channel_->call_for_bytes(Operation::kRewrapSecrets, protocol::RewrapSecrets{std::move(secrets)}),
      count);
}

Status KeydClient::retire_domain_keys(uint32_t version) {
  COFFER_CHECK(
      channel_->call(Operation::kRetireDomainKeys, protocol::DomainKeyVersion{version}, kPatienceForASeal));
  return {};
}

Status KeydClient::change_seal(format::SealKind kind, uint64_t sequence, Bytes box) {
  COFFER_CHECK(channel_->call(Operation::kChangeSeal, protocol::SealRequest{kind, sequence, std::move(box)},
                              kPatienceForASeal));
  return {};
}

Result<Bytes> KeydClient::export_domain_keys(format::SealKind kind, uint64_t sequence, Bytes box) {
  COFFER_TRY(reply, channel_->call(Operation::kExportDomainKeys,
                                   protocol::SealRequest{kind, sequence, std::move(box)}, kPatienceForASeal));
  return public_bytes(reply);
}

}  // namespace coffer::keyclient
