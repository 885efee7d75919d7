// SPDX-License-Identifier: Apache-2.0
#include "api/accounts.h"

#include "base/ids.h"

namespace coffer::api {

Result<NewAccount> make_account(Installation& installation, const std::string& id) {
  NewAccount made;
  made.account = {id, installation.clock.now()};
  made.access_key.id = make_access_key_id(installation.random, "AKIA");
  made.access_key.account = id;
  made.access_key.principal_arn = "arn:aws:iam::" + id + ":root";
  made.access_key.created = made.account.created;
  COFFER_TRY(secret, installation.keyd.create_access_key_secret(made.access_key.id));
  made.access_key.wrapped_secret = std::move(secret.wrapped);
  made.secret = std::move(secret.plaintext);
  return made;
}

Status insert_account(catalog::Transaction& transaction, const NewAccount& account) {
  COFFER_CHECK(transaction.insert_account(account.account));
  return transaction.insert_access_key(account.access_key);
}

}  // namespace coffer::api
