// SPDX-License-Identifier: Apache-2.0
// account-create, account-list and account-reopen.
#include "api/accounts.h"
#include "api/admin_call.h"
#include "base/ids.h"
#include "services/account_ids.h"

namespace coffer::api {
namespace {

// The account's row, its access key and the record of its creation stand or fall together.
Status store(AdminCall& call, const NewAccount& account) {
  return call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    if (auto inserted = insert_account(transaction, account); !inserted) {
      if (inserted.error().kind != ErrorKind::kConflict) return inserted;
      return fail(ErrorKind::kConflict, "account " + account.account.id + " exists already",
                  "AccountAlreadyExists");
    }
    return transaction.append_trail(
        admin_event(call, "CreateAccount", {{"id", account.account.id}},
                    {{"account", account.account.id}, {"accessKeyId", account.access_key.id}}, nullptr));
  });
}

// The one answer with a secret in it; the socket wipes it once it is sent.
std::string created_line(const NewAccount& account, const std::string& endpoint) {
  const ByteView secret =
      account.secret.read(secret::RawAccess::because("the new account's owner gets it once"));
  std::string line;
  line.reserve(1024 + endpoint.size());
  line += R"({"ok":true,"result":{"account":")" + account.account.id + R"(","access_key_id":")" +
          account.access_key.id + R"(","secret_access_key":")";
  line += as_text(secret);
  line += R"(","endpoint":)" + Json(endpoint).dump() + "}}";
  return line;
}

}  // namespace

Result<std::string> account_create(AdminCall& call) {
  std::string id = call.text("id");
  if (!id.empty() && !is_account_id(id))
    return fail(ErrorKind::kInvalidArgument, "an account is twelve digits, '" + id + "' is not");
  if (id.empty()) id = services::make_account_id(call.installation.random);
  COFFER_TRY(account, make_account(call.installation, id));
  COFFER_CHECK(store(call, account));
  return created_line(account, call.endpoint);
}

Result<std::string> account_list(AdminCall& call) {
  Json accounts = Json::array();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.accounts());
    for (const auto& row : rows)
      accounts.push_back({{"account", row.id},
                          {"created", iso8601(row.created)},
                          {"closed", row.closed ? Json(iso8601(*row.closed)) : Json()},
                          {"owner", row.id == call.installation.owner_account}});
    return {};
  }));
  return success_line({{"accounts", std::move(accounts)}});
}

// What AWS's support does within 90 days of CloseAccount; here nothing is deleted, so it has no end.
Result<std::string> account_reopen(AdminCall& call) {
  const std::string id = call.text("id");
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(account, transaction.account(id));
    if (!account) return fail(ErrorKind::kNotFound, "there is no account " + id, "AccountNotFound");
    if (!account->closed)
      return fail(ErrorKind::kConflict, "account " + id + " is not closed", "AccountNotClosed");
    COFFER_CHECK(transaction.set_account_closed(id, std::nullopt));
    return transaction.append_trail(
        admin_event(call, "ReopenAccount", {{"id", id}}, {{"account", id}}, nullptr));
  }));
  return success_line({{"account", id}});
}

}  // namespace coffer::api
