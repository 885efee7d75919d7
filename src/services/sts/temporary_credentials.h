// SPDX-License-Identifier: Apache-2.0
// Making temporary credentials: an access key whose secret keyd makes, and a session token of 384 random
// bits, of which only the digest is kept. They end by themselves, or with their user or role.
#pragma once
#include "services/sts/sts_service.h"

namespace coffer::services::sts {

struct NewSession {
  catalog::Session row;  // to be stored by insert_session
  secret::SecretBytes secret;
  std::string token;
};

// Of the user or role with that id (empty: the account's root user), ending `seconds` after the call.
Result<NewSession> make_session(Call& call, const std::string& account, const std::string& entity_id,
                                int32_t seconds);
// Stores it, and forgets those that ended a day ago or earlier.
Status insert_session(catalog::Transaction& transaction, const NewSession& session);
api::Credentials api_credentials(const NewSession& session);

}  // namespace coffer::services::sts
