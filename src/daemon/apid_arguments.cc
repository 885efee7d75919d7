// SPDX-License-Identifier: Apache-2.0
#include "daemon/apid_arguments.h"

#include <getopt.h>

#include <cstdlib>

namespace coffer {
namespace {

// "HOST=ADDRESS:PORT"
Status add_xks_host(const std::string& text, wire::HttpsClient::Options& options) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return fail(ErrorKind::kInvalidArgument, "--xks-connect: '" + text + "' is no HOST=ADDRESS:PORT");
  options.connect_to[text.substr(0, equals)] = text.substr(equals + 1);
  return {};
}

}  // namespace

Result<ApidArguments> parse_apid_arguments(int argc, char** argv) {
  const option options[] = {{"data", required_argument, nullptr, 'd'},
                            {"account", required_argument, nullptr, 'a'},
                            {"region", required_argument, nullptr, 'r'},
                            {"endpoint", required_argument, nullptr, 'e'},
                            {"host-id", required_argument, nullptr, 'h'},
                            {"tls", no_argument, nullptr, 't'},
                            {"nbd-endpoint", required_argument, nullptr, 'n'},
                            {"nbd-name", required_argument, nullptr, 'N'},
                            {"development", no_argument, nullptr, 'D'},
                            {"kms-request-quotas", no_argument, nullptr, 'q'},
                            {"xks-ca", required_argument, nullptr, 'x'},
                            {"xks-connect", required_argument, nullptr, 'X'},
                            {"xks-timeout", required_argument, nullptr, 'T'},
                            {"vpc-endpoint", required_argument, nullptr, 'v'},
                            {nullptr, 0, nullptr, 0}};
  ApidArguments arguments;
  for (int option; (option = ::getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    switch (option) {
      case 'd':
        arguments.data = optarg;
        break;
      case 'a':
        arguments.account = optarg;
        break;
      case 'r':
        arguments.regions.emplace_back(optarg);
        break;
      case 'e':
        arguments.endpoint = optarg;
        break;
      case 'h':
        arguments.host_id = optarg;
        break;
      case 'n':
        arguments.nbd_endpoint = optarg;
        break;
      case 'N':
        arguments.nbd_names.emplace_back(optarg);
        break;
      case 'v': {
        COFFER_TRY(endpoint, parse_vpc_endpoint(optarg));
        arguments.vpc_endpoints.push_back(std::move(endpoint));
        break;
      }
      case 't':
        arguments.tls = true;
        break;
      case 'D':
        arguments.development = true;
        break;
      case 'q':
        arguments.kms_request_quotas = true;
        break;
      case 'x':
        arguments.xks_authorities_file = optarg;
        break;
      case 'X':
        COFFER_CHECK(add_xks_host(optarg, arguments.xks));
        break;
      case 'T':
        arguments.xks.timeout = std::chrono::milliseconds(std::atoi(optarg));
        break;
      default:
        return fail(ErrorKind::kInvalidArgument, "unknown argument");
    }
  }
  if (arguments.data.empty() || arguments.account.empty() || arguments.endpoint.empty() ||
      arguments.host_id.empty() || arguments.regions.empty())
    return fail(ErrorKind::kInvalidArgument,
                "--data, --account, --region, --endpoint and --host-id are needed");
  return arguments;
}

}  // namespace coffer
