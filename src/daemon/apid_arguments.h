// SPDX-License-Identifier: Apache-2.0
// What `coffer up` tells apid on its command line; nothing secret is there.
#pragma once
#include <string>
#include <vector>

#include "base/vpc_endpoint.h"
#include "wire/https_client.h"

namespace coffer {

struct ApidArguments {
  std::string data, account, endpoint, host_id;
  std::vector<std::string> regions;
  std::string nbd_endpoint;            // where volumed serves NBD over TLS
  std::vector<std::string> nbd_names;  // how clients call it
  std::vector<VpcEndpoint> vpc_endpoints;
  bool tls = false, development = false, kms_request_quotas = false;
  std::string xks_authorities_file;  // of external key stores' proxies
  wire::HttpsClient::Options xks;
};

// kInvalidArgument for what is unknown, malformed or missing.
Result<ApidArguments> parse_apid_arguments(int argc, char** argv);

}  // namespace coffer
