// SPDX-License-Identifier: Apache-2.0
#include "cli/client_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace coffer::cli {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

std::string as_a_shell_reads(const std::string& word) {
  FILE* shell = ::popen(("printf %s " + word).c_str(), "r");
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), shell));
  ::pclose(shell);
  return text;
}

ClientSite site() {
  return {.endpoint = "http://127.0.0.1:4599",
          .region = "us-west-2",
          .credentials = {"AKIAEXAMPLE", "secret/with+signs"},
          .ca_file = "/data/ca.pem"};
}

TEST(ShellQuoting, AShellReadsBackEveryText) {
  for (const std::string text :
       {"plain", "a b", "it's", "''", "$HOME `id` $(id) \\ \" !", "a\nb", "*", "~", "-n", "AKIA/+=", "é"})
    EXPECT_EQ(as_a_shell_reads(shell_quoted(text)), text);
}

TEST(ShellQuoting, LeavesWhatIsSafeAsItIs) {
  EXPECT_EQ(shell_quoted("http://127.0.0.1:4599"), "http://127.0.0.1:4599");
  EXPECT_EQ(shell_quoted("aB3/x+y="), "aB3/x+y=");
  EXPECT_EQ(shell_quoted(""), "''");
}

TEST(CredentialsFile, ReadsTheDefaultSectionAlone) {
  auto credentials = parse_credentials(
      "# comment\n[other]\naws_access_key_id=no\naws_secret_access_key=no\n\n[default]\r\n"
      "  aws_access_key_id = AKIA1\r\naws_secret_access_key=a=b/c\n; more\n[last]\naws_access_key_id=no\n");
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->access_key_id, "AKIA1");
  EXPECT_EQ(credentials->secret_access_key, "a=b/c");
}

TEST(CredentialsFile, RefusesOneWithoutAKey) {
  for (const char* text :
       {"", "[default]\n", "aws_access_key_id=a\naws_secret_access_key=b\n",
        "[default]\naws_access_key_id=a\n", "[default]\naws_access_key_id=a\naws_secret_access_key=\n"})
    EXPECT_FALSE(parse_credentials(text)) << text;
}

TEST(ExecEnvironment, SetsWhatNewAndOldProgramsRead) {
  const auto environment = exec_environment({"PATH=/bin"}, site());
  EXPECT_THAT(
      environment,
      IsSupersetOf({"PATH=/bin", "AWS_ENDPOINT_URL=http://127.0.0.1:4599", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE",
                    "AWS_SECRET_ACCESS_KEY=secret/with+signs", "AWS_DEFAULT_REGION=us-west-2",
                    "AWS_REGION=us-west-2", "HTTPS_PROXY=http://127.0.0.1:4599",
                    "https_proxy=http://127.0.0.1:4599", "AWS_CA_BUNDLE=/data/ca.pem",
                    "NODE_EXTRA_CA_CERTS=/data/ca.pem", "SSL_CERT_FILE=/data/ca.pem",
                    "REQUESTS_CA_BUNDLE=/data/ca.pem", "AWS_EC2_METADATA_DISABLED=true"}));
}

TEST(ExecEnvironment, DropsWhatWouldLeadElsewhere) {
  const std::vector<std::string> elsewhere = {"AWS_PROFILE=work",
                                              "AWS_SESSION_TOKEN=t",
                                              "AWS_SECURITY_TOKEN=t",
                                              "AWS_ROLE_ARN=arn:aws:x",
                                              "AWS_ENDPOINT_URL_EC2=https://x",
                                              "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x",
                                              "ALL_PROXY=socks5://x",
                                              "NO_PROXY=.amazonaws.com",
                                              "AWS_CONFIG_FILE=/home/me/.aws/config"};
  const auto environment = exec_environment(elsewhere, site());
  for (const std::string& entry : elsewhere) EXPECT_THAT(environment, Not(Contains(entry)));
}

TEST(ExportedVariables, NameTheAuthorityOfAnHttpsEndpointOnly) {
  ClientSite secure = site();
  EXPECT_THAT(exported_variables(secure), Not(Contains(Pair("AWS_CA_BUNDLE", testing::_))));
  secure.endpoint = "https://127.0.0.1:4599";
  EXPECT_THAT(exported_variables(secure), IsSupersetOf({Pair("AWS_CA_BUNDLE", "/data/ca.pem"),
                                                        Pair("NODE_EXTRA_CA_CERTS", "/data/ca.pem")}));
  const auto environment = exec_environment({}, secure);
  EXPECT_EQ(std::ranges::count(environment, "AWS_CA_BUNDLE=/data/ca.pem"), 1);
}

TEST(ExecEnvironment, SpeaksPlainlyToTheProxyOnThisMachine) {
  ClientSite secure = site();
  secure.endpoint = "https://127.0.0.1:4599";
  EXPECT_THAT(exec_environment({}, secure),
              IsSupersetOf({"AWS_ENDPOINT_URL=https://127.0.0.1:4599", "HTTPS_PROXY=http://127.0.0.1:4599"}));
}

TEST(ExecEnvironment, NamesEachVariableOnce) {
  const auto once = exec_environment({}, site());
  EXPECT_EQ(exec_environment(once, site()), once);
}

TEST(ExecEnvironment, NeverSendsTheMetadataAddressPastTheProxy) {
  for (const std::string& entry : exec_environment({"no_proxy=169.254.169.254"}, site())) {
    if (entry.starts_with("NO_PROXY=") || entry.starts_with("no_proxy=")) {
      EXPECT_EQ(entry.find("169.254"), std::string::npos) << entry;
    }
  }
}

TEST(ExportedVariables, NameTheCertificateAuthorityOnlyForHttps) {
  ClientSite secure = site();
  const auto names = [](const Variables& variables) {
    std::vector<std::string> out;
    for (const auto& [name, value] : variables) out.push_back(name);
    return out;
  };
  EXPECT_THAT(names(exported_variables(secure)), Not(Contains("AWS_CA_BUNDLE")));
  secure.endpoint = "https://127.0.0.1:4599";
  EXPECT_THAT(names(exported_variables(secure)), Contains("AWS_CA_BUNDLE"));
}

}  // namespace
}  // namespace coffer::cli
