// SPDX-License-Identifier: Apache-2.0
// MFA devices.
#include "keyclient/keyd_channel.h"

namespace coffer::keyclient {

using format::keyd::Operation;
namespace protocol = format::keyd;

Result<NewSecret> KeydClient::create_mfa_seed(const std::string& serial_number) {
  COFFER_TRY(parts,
             channel_->call_for_pair(Operation::kCreateMfaSeed, protocol::CreateMfaSeed{serial_number}));
  return NewSecret{std::move(parts.second), std::move(parts.first)};
}

Result<std::optional<int64_t>> KeydClient::verify_mfa_codes(const std::string& serial_number,
                                                            ByteView wrapped_seed, const StepWindow& window,
                                                            const std::vector<std::string>& codes) {
  const protocol::VerifyMfaCodes request{serial_number, to_bytes(wrapped_seed),
                                         static_cast<uint64_t>(window.first), window.steps, codes};
  COFFER_TRY(body, channel_->call_for_bytes(Operation::kVerifyMfaCodes, request));
  COFFER_TRY(reply, protocol::parse_body<protocol::VerifyMfaCodesReply>(body));
  return reply.valid ? std::optional(static_cast<int64_t>(reply.step)) : std::nullopt;
}

}  // namespace coffer::keyclient
