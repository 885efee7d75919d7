// SPDX-License-Identifier: Apache-2.0
// Encoded authorization failure messages: what a refused caller gets to pass on to whoever may know more of
// it. Thread-safe. Source: AWS STS API Reference, DecodeAuthorizationMessage.
#pragma once
#include <string>

#include "services/authorisation.h"

namespace coffer::services {

// What is told of a refusal, as JSON in AWS's form: whether it was denied explicitly, by which statement, to
// whom and on what, and the values of all condition keys. `context`: of the request as it was evaluated.
std::string authorization_message(const policy::Principal& principal, const AccessQuestion& question,
                                  const AccessDecision& decision, const policy::Context& context);

// Sealed for the account, in at most 10,240 characters. kUnavailable while keyd is down.
Result<std::string> encode_authorization_message(Installation& installation, const std::string& account,
                                                 const std::string& message);
// InvalidAuthorizationMessageException for what was not made here, or for another account.
Result<std::string> decode_authorization_message(Installation& installation, const std::string& account,
                                                 const std::string& encoded);

}  // namespace coffer::services
