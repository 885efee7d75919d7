// SPDX-License-Identifier: Apache-2.0
// The environment in which AWS programs find this installation and nothing else: pure functions.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace coffer::cli {

struct Credentials {
  std::string access_key_id, secret_access_key;
};

// Section [default] of an AWS credentials file.
Result<Credentials> parse_credentials(std::string_view text);

// One word for a POSIX shell: as it is where that is safe, in single quotes otherwise.
std::string shell_quoted(std::string_view text);

struct ClientSite {
  std::string endpoint;  // "http://127.0.0.1:4599"
  std::string region;
  Credentials credentials;
  std::string ca_file;  // the installation's certificate authority
};

using Variables = std::vector<std::pair<std::string, std::string>>;

// What `coffer env` prints. With an https endpoint also AWS_CA_BUNDLE.
Variables exported_variables(const ClientSite& site);

// What `coffer exec` runs a command with: `inherited` ("NAME=value"), without anything that would lead an AWS
// program elsewhere, plus our variables. Everything goes through apid as the proxy, which answers for every
// name under amazonaws.com and for no other; loopback, where AWS_ENDPOINT_URL points, is direct.
std::vector<std::string> exec_environment(const std::vector<std::string>& inherited, const ClientSite& site);

}  // namespace coffer::cli
