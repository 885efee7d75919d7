// SPDX-License-Identifier: Apache-2.0
#include "base/vpc_endpoint.h"

namespace coffer {
namespace {

bool is_id(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return (text.size() == 8 || text.size() == 17) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<VpcEndpoint> parse_vpc_endpoint(std::string_view text) {
  const size_t equals = text.find('=');
  const std::string_view ids = text.substr(0, equals);
  const size_t slash = ids.find('/');
  VpcEndpoint endpoint;
  endpoint.id = ids.substr(0, slash);
  if (slash != std::string_view::npos) endpoint.vpc = ids.substr(slash + 1);
  if (equals != std::string_view::npos) endpoint.address = text.substr(equals + 1);
  if (endpoint.address.empty() || !is_id(endpoint.id, "vpce-") ||
      (slash != std::string_view::npos && !is_id(endpoint.vpc, "vpc-")))
    return fail(ErrorKind::kInvalidArgument,
                "'" + std::string(text) +
                    "' is no VPC endpoint (for example: "
                    "vpce-0123456789abcdef0/vpc-0123456789abcdef0=127.0.0.1:4600)");
  return endpoint;
}

std::string to_text(const VpcEndpoint& endpoint) {
  return endpoint.id + (endpoint.vpc.empty() ? "" : "/" + endpoint.vpc) + "=" + endpoint.address;
}

}  // namespace coffer
