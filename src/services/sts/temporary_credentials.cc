// SPDX-License-Identifier: Apache-2.0
#include "services/sts/temporary_credentials.h"

#include <array>

#include "base/encoding.h"
#include "base/ids.h"
#include "crypto/mac.h"

namespace coffer::services::sts {
namespace {

constexpr size_t kTokenBytes = 48;
// For so long whoever uses them hears that they have ended, and not that they never were.
constexpr int64_t kRemembered = int64_t{24} * 3600 * 1'000'000;

}  // namespace

Result<NewSession> make_session(Call& call, const std::string& account, const std::string& entity_id,
                                int32_t seconds) {
  NewSession made;
  made.row.access_key_id = make_access_key_id(call.installation.random, "ASIA");
  made.row.account = account;
  made.row.entity_id = entity_id;
  made.row.created = call.time;
  // Whole seconds, as the answer tells it.
  const int64_t now = call.time.microseconds / 1'000'000;
  made.row.expires = {(now + seconds) * 1'000'000};
  COFFER_TRY(secret, call.installation.keyd.create_access_key_secret(made.row.access_key_id));
  made.row.wrapped_secret = std::move(secret.wrapped);
  made.secret = std::move(secret.plaintext);
  std::array<uint8_t, kTokenBytes> token{};
  call.installation.random.fill(token);
  made.token = base64(token);
  const auto digest = crypto::sha256(as_bytes(made.token));
  made.row.token_digest = Bytes(digest.begin(), digest.end());
  return made;
}

Status insert_session(catalog::Transaction& transaction, const NewSession& session) {
  COFFER_CHECK(transaction.purge_sessions({session.row.created.microseconds - kRemembered}));
  return transaction.insert_session(session.row);
}

api::Credentials api_credentials(const NewSession& session) {
  api::Credentials credentials;
  credentials.access_key_id = session.row.access_key_id;
  credentials.secret_access_key = std::string(as_text(
      session.secret.read(secret::RawAccess::because("the answer of STS is where the caller gets it"))));
  credentials.session_token = session.token;
  credentials.expiration = session.row.expires;
  return credentials;
}

}  // namespace coffer::services::sts
