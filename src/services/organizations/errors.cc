// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/errors.h"

#include <fmt/format.h>

namespace coffer::services::organizations {
namespace {

tl::unexpected<Error> with_reason(ErrorKind kind, std::string code, std::string reason, std::string message) {
  return tl::unexpected<Error>(
      Error{kind, std::move(message), std::move(code), {{"Reason", std::move(reason)}}});
}

// "OrganizationalUnit" → "an organizational unit".
std::string described(const std::string& what) {
  if (what == "OrganizationalUnit") return "an organizational unit";
  if (what == "CreateAccountStatus") return "a create account status";
  if (what == "Account") return "an account";
  if (what == "SourceParent") return "a source parent";
  if (what == "DestinationParent") return "a destination parent";
  std::string lower = what;
  lower[0] = static_cast<char>(lower[0] | 0x20);
  return "a " + lower;
}

}  // namespace

tl::unexpected<Error> not_in_use() {
  return fail(ErrorKind::kNotFound, "Your account is not a member of an organization.",
              "AWSOrganizationsNotInUseException");
}
tl::unexpected<Error> not_for_members() {
  return fail(ErrorKind::kPermissionDenied, "You don't have permissions to access this resource.",
              "AccessDeniedException");
}
tl::unexpected<Error> not_found(const std::string& what) {
  return fail(ErrorKind::kNotFound, fmt::format("You specified {} that doesn't exist.", described(what)),
              what + "NotFoundException");
}
tl::unexpected<Error> conflict(std::string code, std::string message) {
  return fail(ErrorKind::kConflict, std::move(message), std::move(code));
}
tl::unexpected<Error> constraint_violation(std::string reason, std::string message) {
  return with_reason(ErrorKind::kLimitExceeded, "ConstraintViolationException", std::move(reason),
                     std::move(message));
}
tl::unexpected<Error> not_all_features() {
  return constraint_violation("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE",
                              "The organization must have all features enabled.");
}
tl::unexpected<Error> not_registered() {
  return fail(ErrorKind::kNotFound,
              "The provided account is not a registered delegated administrator of your organization.",
              "AccountNotRegisteredException");
}
tl::unexpected<Error> invalid_input(std::string reason, std::string message) {
  return with_reason(ErrorKind::kInvalidArgument, "InvalidInputException", std::move(reason),
                     std::move(message));
}
tl::unexpected<Error> handshake_constraint_violation(std::string reason, std::string message) {
  return with_reason(ErrorKind::kConflict, "HandshakeConstraintViolationException", std::move(reason),
                     std::move(message));
}

}  // namespace coffer::services::organizations
