// SPDX-License-Identifier: Apache-2.0
// The seeds of MFA devices. One is shown when it is made; from then on it is only told which codes are right,
// and of about now only.
#include <algorithm>

#include "crypto/mac.h"
#include "crypto/one_time_code.h"
#include "crypto/random.h"
#include "keys/base32.h"
#include "keys/installation_secrets.h"
#include "keys/operations.h"

namespace coffer::keys {
namespace {

namespace protocol = format::keyd;

constexpr size_t kSeedSize = 40;  // bytes, as AWS's have: more than RFC 4226 section 4 asks for
constexpr uint64_t kMostSteps = 64;

Status check_window(const protocol::VerifyMfaCodes& request, Timestamp now) {
  const auto today = static_cast<uint64_t>(crypto::one_time_code_step(now));
  const bool is_now = request.steps >= 1 && request.steps <= kMostSteps &&
                      request.first_step <= today + kMostSteps && request.first_step + kMostSteps >= today &&
                      request.first_step + request.steps - 1 <= today + kMostSteps;
  if (is_now) return {};
  return fail(ErrorKind::kInvalidArgument, "one-time codes are verified for about now only");
}

Status check_codes(const protocol::VerifyMfaCodes& request) {
  const auto good = [](const std::string& code) {
    return code.size() == crypto::kOneTimeCodeDigits &&
           code.find_first_not_of("0123456789") == std::string::npos;
  };
  if (!request.codes.empty() && std::ranges::all_of(request.codes, good)) return {};
  return fail(ErrorKind::kInvalidArgument, "one or two codes of six digits are needed");
}

// Takes as long for wrong codes as for right ones.
bool are_of(const secret::SecretBytes& seed, int64_t step, const std::vector<std::string>& codes) {
  bool equal = true;
  for (const std::string& code : codes)
    equal &= crypto::equal_constant_time(as_bytes(crypto::one_time_code(seed, step++)), as_bytes(code));
  return equal;
}

}  // namespace

Result<ReplyBody> Operations::create_mfa_seed(const protocol::CreateMfaSeed& request) const {
  const secret::SecretBytes seed = crypto::random_secret(kSeedSize);
  COFFER_TRY(wrapped,
             wrap_secret(*vault_.keys().get(), format::SecretKind::kMfaSeed, request.serial_number, seed));
  return ReplyBody{format::Writer().field(wrapped).take(), base32(seed)};
}

Result<ReplyBody> Operations::verify_mfa_codes(const protocol::VerifyMfaCodes& request) const {
  COFFER_CHECK(check_window(request, clock_.now()));
  COFFER_CHECK(check_codes(request));
  COFFER_TRY(seed, open_secret(*vault_.keys().get(), format::SecretKind::kMfaSeed, request.serial_number,
                               request.wrapped_seed));
  protocol::VerifyMfaCodesReply reply;
  for (uint64_t step = request.first_step; step < request.first_step + request.steps; ++step)
    if (are_of(seed, static_cast<int64_t>(step), request.codes)) reply = {true, step};
  format::Writer writer;
  reply.write(writer);
  return ReplyBody{writer.take(), {}};
}

}  // namespace coffer::keys
