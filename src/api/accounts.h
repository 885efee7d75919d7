// SPDX-License-Identifier: Apache-2.0
// Making an account: its row, its root user's access key, and the secret that is handed out once.
#pragma once
#include <string>

#include "secret/secret_bytes.h"
#include "services/installation.h"

namespace coffer::api {

struct NewAccount {
  catalog::Account account;
  catalog::AccessKey access_key;
  secret::SecretBytes secret;  // text, as it stands in a credentials file
};

// Asks keyd for the secret; stores nothing.
Result<NewAccount> make_account(Installation& installation, const std::string& id);
// kConflict if the account exists.
Status insert_account(catalog::Transaction& transaction, const NewAccount& account);

}  // namespace coffer::api
