// SPDX-License-Identifier: Apache-2.0
// A VPC endpoint: an address of its own by which a network reaches the API, so that policies can tell from
// where a call came (aws:SourceVpce). Pure functions, thread-safe.
// Source: AWS PrivateLink Guide, "Access AWS services through AWS PrivateLink"; EC2's ids of resources.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer {

struct VpcEndpoint {
  std::string id;       // "vpce-0123456789abcdef0"
  std::string vpc;      // "vpc-0123456789abcdef0"; empty when it is not said
  std::string address;  // where it listens: "10.0.1.5:4599"
};

// "vpce-ID=ADDRESS" or "vpce-ID/vpc-ID=ADDRESS"; ids have 8 or 17 hexadecimal digits, as EC2's do. The
// address is not looked at. kInvalidArgument, with an example, for anything else.
Result<VpcEndpoint> parse_vpc_endpoint(std::string_view text);
std::string to_text(const VpcEndpoint& endpoint);

}  // namespace coffer
