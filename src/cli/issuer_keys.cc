// SPDX-License-Identifier: Apache-2.0
// `coffer iam oidc-keys set`, `list` and `remove`.
#include "base/disk.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace coffer::cli {

int issuer_keys_set(const Common& common, const std::string& url, const std::string& file) {
  const auto key_set = read_file(system_disk(), file);
  if (!key_set) return complain_about(key_set.error());
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "issuer-keys-set");
  request.set("url", url);
  request.set("key_set", std::string(as_text(*key_set)));
  const auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  print(common.json ? answer->pretty() : "Tokens of " + url + " are checked by these keys from now on.\n");
  return kOk;
}

int issuer_keys_list(const Common& common) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "issuer-keys-list");
  const auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  if (common.json) {
    print(answer->pretty());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows = {{"ISSUER", "KEYS"}};
  for (const Document& issuer : answer->items("issuers"))
    rows.push_back({issuer.text("issuer"), std::to_string(issuer.items("keys").size())});
  print(table(rows));
  return kOk;
}

int issuer_keys_remove(const Common& common, const std::string& url) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "issuer-keys-remove");
  request.set("url", url);
  const auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  print(common.json
            ? answer->pretty()
            : "The keys of " + answer->text("issuer") + " are removed: no token of it is believed.\n");
  return kOk;
}

}  // namespace coffer::cli
