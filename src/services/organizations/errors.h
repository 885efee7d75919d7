// SPDX-License-Identifier: Apache-2.0
// The errors of AWS Organizations: codes and reasons of its API Reference, messages as AWS was seen to give
// them where that is known.
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::services::organizations {

tl::unexpected<Error> not_in_use();                        // AWSOrganizationsNotInUseException
tl::unexpected<Error> not_for_members();                   // AccessDeniedException
tl::unexpected<Error> not_found(const std::string& what);  // "Account": AccountNotFoundException
tl::unexpected<Error> conflict(std::string code, std::string message);
// ConstraintViolationException, InvalidInputException, HandshakeConstraintViolationException, with the
// member Reason.
tl::unexpected<Error> not_all_features();  // ConstraintViolationException
tl::unexpected<Error> not_registered();    // AccountNotRegisteredException
tl::unexpected<Error> constraint_violation(std::string reason, std::string message);
tl::unexpected<Error> invalid_input(std::string reason, std::string message);
tl::unexpected<Error> handshake_constraint_violation(std::string reason, std::string message);

}  // namespace coffer::services::organizations
