// SPDX-License-Identifier: Apache-2.0
// `coffer account create`, `coffer account list` and `coffer account reopen`.
#include "base/ids.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace coffer::cli {

int account_create(const Common& common, const std::string& account_id) {
  if (!account_id.empty() && !is_account_id(account_id)) {
    complain("an account is twelve digits, '" + account_id + "' is not");
    return kUsage;
  }
  auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "account-create");
  if (!account_id.empty()) request.set("id", account_id);
  auto account = ask(*served, request);
  if (!account) return complain_about(account.error());
  if (common.json) {
    print(account->pretty());
    return kOk;
  }
  print("account            " + account->text("account") + "\naccess key id      " +
        account->text("access_key_id") + "\nsecret access key  " + account->text("secret_access_key") +
        "\nendpoint           " + account->text("endpoint") + "\nThe secret is not shown again.\n");
  return kOk;
}

std::string remark_on(const Document& account) {
  if (account.flag("owner")) return "owner";
  const std::string closed = account.text("closed");
  return closed.empty() ? "" : "closed " + closed;
}

int account_list(const Common& common) {
  auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "account-list");
  auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  if (common.json) {
    print(answer->pretty());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows = {{"ACCOUNT", "CREATED", ""}};
  for (const Document& account : answer->items("accounts"))
    rows.push_back({account.text("account"), account.text("created"), remark_on(account)});
  print(table(rows));
  return kOk;
}

int account_reopen(const Common& common, const std::string& account_id) {
  auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "account-reopen");
  request.set("id", account_id);
  auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  print(common.json ? answer->pretty() : "account " + account_id + " is open again\n");
  return kOk;
}

}  // namespace coffer::cli
