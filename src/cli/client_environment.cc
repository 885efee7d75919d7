// SPDX-License-Identifier: Apache-2.0
#include "cli/client_environment.h"

#include <algorithm>

namespace coffer::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// AWS's own variables are dropped but for those that only say how output looks or how often to retry; so are
// the proxies, which are set anew.
bool is_inherited(std::string_view name) {
  constexpr std::string_view kHarmless[] = {"AWS_PAGER", "AWS_DEFAULT_OUTPUT", "AWS_RETRY_MODE",
                                            "AWS_MAX_ATTEMPTS"};
  constexpr std::string_view kProxies[] = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy",
                                           "ALL_PROXY",   "all_proxy",   "NO_PROXY",   "no_proxy"};
  constexpr std::string_view kOthers[] = {"BOTO_CONFIG",   "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
                                          "SSL_CERT_FILE", "SSL_CERT_DIR",   "NODE_EXTRA_CA_CERTS"};
  const auto among = [name](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  if (name.starts_with("AWS_")) return among(kHarmless) || name.starts_with("AWS_CLI_");
  return !among(kProxies) && !among(kOthers);
}

// Few programs speak TLS to a proxy; apid takes plain CONNECT from this machine also where it serves HTTPS.
std::string proxy_url(const std::string& endpoint) {
  return endpoint.starts_with("https:") ? "http:" + endpoint.substr(6) : endpoint;
}

}  // namespace

Result<Credentials> parse_credentials(std::string_view text) {
  Credentials credentials;
  bool in_default = false;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      in_default = line == "[default]";
      continue;
    }
    const size_t equals = line.find('=');
    if (!in_default || equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (name == "aws_access_key_id") credentials.access_key_id = value;
    if (name == "aws_secret_access_key") credentials.secret_access_key = value;
  }
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
    return fail(ErrorKind::kCorrupt, "the credentials file has no access key in its section [default]");
  return credentials;
}

std::string shell_quoted(std::string_view text) {
  constexpr std::string_view kSafe =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
  if (!text.empty() && text.find_first_not_of(kSafe) == std::string_view::npos) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

Variables exported_variables(const ClientSite& site) {
  Variables variables = {{"AWS_ENDPOINT_URL", site.endpoint},
                         {"AWS_ACCESS_KEY_ID", site.credentials.access_key_id},
                         {"AWS_SECRET_ACCESS_KEY", site.credentials.secret_access_key},
                         {"AWS_DEFAULT_REGION", site.region},
                         {"AWS_REGION", site.region}};  // the only one that SDKs other than boto3 read
  if (site.endpoint.starts_with("https:"))
    for (const char* name : {"AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"})
      variables.emplace_back(name, site.ca_file);
  return variables;
}

std::vector<std::string> exec_environment(const std::vector<std::string>& inherited, const ClientSite& site) {
  std::vector<std::string> environment;
  for (const std::string& entry : inherited)
    if (is_inherited(std::string_view(entry).substr(0, entry.find('=')))) environment.push_back(entry);
  const auto set = [&](std::string_view name, std::string_view value) {
    environment.push_back(std::string(name) + "=" + std::string(value));
  };
  for (const auto& [name, value] : exported_variables(site))
    if (value != site.ca_file) set(name, value);  // below, for every endpoint
  // Plain HTTP too: the metadata service (http://169.254.169.254) of a machine that happens to be a cloud's
  // must not be reached, also not by programs too old for AWS_EC2_METADATA_DISABLED.
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"})
    set(name, proxy_url(site.endpoint));
  for (const char* name : {"NO_PROXY", "no_proxy"}) set(name, "127.0.0.1,localhost,::1,[::1]");
  for (const char* name :
       {"AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})
    set(name, site.ca_file);
  set("AWS_EC2_METADATA_DISABLED", "true");
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", site.endpoint);
  // Profiles of the user would bring other credentials and endpoints.
  set("AWS_CONFIG_FILE", "/dev/null");
  set("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
  return environment;
}

}  // namespace coffer::cli
