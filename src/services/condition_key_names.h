// SPDX-License-Identifier: Apache-2.0
// Condition keys as AWS writes them: the context of a request has them in lower case. Pure.
#pragma once
#include <string>
#include <string_view>

namespace coffer::services {

// "ec2:Encrypted" for "ec2:encrypted", "aws:RequestTag/team" for "aws:requesttag/team"; one that is not known
// stays as it is.
std::string written_key(std::string_view lower_case_key);

}  // namespace coffer::services
