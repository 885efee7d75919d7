// SPDX-License-Identifier: Apache-2.0
#include "services/ebs/block_tokens.h"

#include "crypto/mac.h"
#include "format/block_token.h"
#include "services/ebs/ebs_error.h"
#include "services/installation_key.h"

namespace coffer::services::ebs {
namespace {

crypto::Sha256 mac_of(const secret::SecretBytes& key, const format::BlockToken& token,
                      const format::BlockTokenBinding& binding) {
  return crypto::hmac_sha256(key, format::authenticated_data(token, binding));
}

}  // namespace

std::string BlockTokens::Batch::token_of(uint32_t block) const {
  format::BlockToken token;
  token.expiry_seconds = static_cast<uint64_t>(expiry.microseconds / 1'000'000);
  token.block = block;
  token.mac = mac_of(*key, token, {account, region, snapshot_id});
  return format::encode(token);
}

Result<BlockTokens::Batch> BlockTokens::batch(const Call& call, const std::string& snapshot_id) {
  COFFER_TRY(secret, installation_.own_key->get(installation_));
  const int64_t now = call.time.microseconds / 1'000'000;
  return Batch{call.account, call.region, snapshot_id, Timestamp{(now + kLifetimeSeconds) * 1'000'000},
               std::move(secret)};
}

Status BlockTokens::check(const Call& call, const std::string& snapshot_id, uint32_t block,
                          const std::string& text) {
  COFFER_TRY(secret, installation_.own_key->get(installation_));
  const auto token = format::parse_block_token(text);
  const bool genuine =
      token && crypto::equal_constant_time(mac_of(*secret, *token, {call.account, call.region, snapshot_id}),
                                           token->mac);
  if (!genuine || token->block != block)
    return invalid("INVALID_BLOCK_TOKEN", "The block token is not valid for this block of this snapshot.");
  if (static_cast<uint64_t>(call.time.microseconds / 1'000'000) >= token->expiry_seconds)
    return invalid("INVALID_BLOCK_TOKEN", "The block token has expired. List the snapshot's blocks again.");
  return {};
}

}  // namespace coffer::services::ebs
