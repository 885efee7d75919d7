// SPDX-License-Identifier: Apache-2.0
// InviteAccountToOrganization, and what becomes of invitations: AcceptHandshake, DeclineHandshake,
// CancelHandshake, DescribeHandshake, ListHandshakesForAccount, ListHandshakesForOrganization. So accounts
// come in that were there before the organization.
#include <algorithm>

#include "base/ids.h"
#include "services/organizations/membership.h"
#include "services/organizations/names.h"
#include "services/organizations/paging.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

using catalog::Handshake;

constexpr int64_t kOpenFor = int64_t{15} * 24 * 3600 * 1'000'000;  // microseconds

std::string state_of(const Handshake& handshake, Timestamp now) {
  if (handshake.state == "OPEN" && handshake.expires <= now) return "EXPIRED";
  return handshake.state;
}

api::HandshakeResource resource(const char* type, std::string value) {
  return {std::move(value), type, std::nullopt};
}

api::Handshake api_handshake(const Organization& organization, const Handshake& handshake, Timestamp now) {
  api::Handshake shown;
  shown.id = handshake.id;
  shown.arn = handshake_arn(organization, handshake.id);
  shown.parties = {{organization.id, "ORGANIZATION"}, {handshake.account, "ACCOUNT"}};
  shown.state = state_of(handshake, now);
  shown.requested_timestamp = handshake.requested;
  shown.expiration_timestamp = handshake.expires;
  shown.action = "INVITE";
  auto from = resource("ORGANIZATION", organization.id);
  from.resources = {resource("MASTER_EMAIL", made_up_email(organization.management_account)),
                    resource("MASTER_NAME", organization.management_account),
                    resource("ORGANIZATION_FEATURE_SET", organization.feature_set)};
  shown.resources = {std::move(from), resource("ACCOUNT", handshake.account)};
  if (!handshake.notes.empty()) shown.resources->push_back(resource("NOTES", handshake.notes));
  return shown;
}

struct Invitation {
  Handshake handshake;
  Organization organization;
};

Result<std::optional<Invitation>> find_invitation(catalog::Transaction& transaction, const std::string& id) {
  COFFER_TRY(handshake, transaction.handshake(id));
  if (!handshake) return std::optional<Invitation>();
  COFFER_TRY(organization, transaction.organization(handshake->organization_id));
  if (!organization) return std::optional<Invitation>();
  return Invitation{std::move(*handshake), std::move(*organization)};
}

bool concerns(const Invitation& invitation, const std::string& account) {
  return invitation.handshake.account == account || invitation.organization.management_account == account;
}

// Asked for on the invitation's ARN, by one of its two sides; for others there is none.
Result<Invitation> authorised_invitation(Call& call, const std::string& id) {
  std::optional<Invitation> found;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(invitation, find_invitation(transaction, id));
    if (invitation && concerns(*invitation, call.account)) found = std::move(invitation);
    return {};
  }));
  COFFER_CHECK(call.authorise({.action = "organizations:" + call.operation,
                               .resource = found ? handshake_arn(found->organization, id) : "*",
                               .resource_account = call.account}));
  if (!found) return not_found("Handshake");
  return std::move(*found);
}

Status check_open(const Handshake& handshake, const std::string& wanted, Timestamp now) {
  const std::string state = state_of(handshake, now);
  if (state == "OPEN") return {};
  if (state == wanted)
    return conflict("HandshakeAlreadyInStateException",
                    "The specified handshake is already in the requested state.");
  return conflict("InvalidHandshakeTransitionException",
                  "You can't perform the operation on the handshake in its current state.");
}

// `side`: whose it is to bring the invitation into that state.
template <class Response>
Result<Response> settle(Call& call, const std::string& id, const std::string& state,
                        std::string (*side)(const Invitation&),
                        Status (*join)(Call&, catalog::Transaction&, const Invitation&) = nullptr) {
  COFFER_TRY(found, authorised_invitation(call, id));
  if (side(found) != call.account) return not_for_members();
  return call.commit<Response>([&](catalog::Transaction& transaction) -> Result<Response> {
    COFFER_TRY(invitation, find_invitation(transaction, id));
    if (!invitation) return not_found("Handshake");
    COFFER_CHECK(check_open(invitation->handshake, state, call.time));
    if (join != nullptr) COFFER_CHECK(join(call, transaction, *invitation));
    COFFER_CHECK(transaction.set_handshake_state(id, state));
    invitation->handshake.state = state;
    return Response{api_handshake(invitation->organization, invitation->handshake, call.time)};
  });
}

std::string invited(const Invitation& invitation) {
  return invitation.handshake.account;
}
std::string inviting(const Invitation& invitation) {
  return invitation.organization.management_account;
}

Status take_in(Call& call, catalog::Transaction& transaction, const Invitation& invitation) {
  COFFER_TRY(already, transaction.member_account(call.account));
  if (already)
    return handshake_constraint_violation("ALREADY_IN_AN_ORGANIZATION",
                                          "The account is already a member of an organization.");
  catalog::MemberAccount member;
  member.account = call.account;
  member.joined_method = "INVITED";
  member.joined = call.time;
  return add_account(transaction, invitation.organization, std::move(member));
}

Status check_invitable(Call& call, catalog::Transaction& transaction, const Organization& organization,
                       const std::string& account) {
  COFFER_TRY(row, transaction.account(account));
  if (!row)
    return invalid_input("INVALID_PARTY_TYPE_TARGET", "There is no account with the id that you specified.");
  COFFER_TRY(member, transaction.member_account(account));
  if (member)
    return handshake_constraint_violation("ALREADY_IN_AN_ORGANIZATION",
                                          "The account is already a member of an organization.");
  COFFER_TRY(others, transaction.handshakes("", account, "", SIZE_MAX >> 1));
  if (std::ranges::any_of(others, [&](const Handshake& other) {
        return other.organization_id == organization.id && state_of(other, call.time) == "OPEN";
      }))
    return conflict("DuplicateHandshakeException",
                    "A handshake with the same action and target already exists.");
  return {};
}

// Invitations are the only handshakes.
bool wants_others(const std::optional<api::HandshakeFilter>& filter) {
  return filter && (filter->parent_handshake_id || filter->action_type.value_or("INVITE") != "INVITE");
}

template <class Response, class Request>
Result<Response> list(Call& call, const std::string& organization_id, const std::string& account,
                      const Request& request) {
  if (request.filter && request.filter->parent_handshake_id && request.filter->action_type)
    return invalid_input("MAX_LIMIT_EXCEEDED_FILTER",
                         "You can specify only one filter parameter for the operation.");
  COFFER_TRY(page, page_of(call.operation, request));
  return read<Response>(call, [&](catalog::Transaction& transaction) -> Result<Response> {
    Response response;
    response.handshakes.emplace();
    if (wants_others(request.filter)) return response;
    COFFER_TRY(handshakes, transaction.handshakes(organization_id, account, page.after, page.limit + 1));
    end_page(handshakes, page, response, [](const Handshake& handshake) { return handshake.id; });
    for (const auto& handshake : handshakes) {
      COFFER_TRY(organization, transaction.organization(handshake.organization_id));
      if (organization) response.handshakes->push_back(api_handshake(*organization, handshake, call.time));
    }
    return response;
  });
}

}  // namespace

Result<api::InviteAccountToOrganizationResponse> OrganizationsService::invite_account_to_organization(
    Call& call, const api::InviteAccountToOrganizationRequest& request) {
  const bool of_account = request.target.type == "ACCOUNT";
  const bool named = of_account && is_account_id(request.target.id);
  std::vector<std::string> ids;
  if (named) ids.push_back(request.target.id);
  COFFER_TRY(organization, authorise_manager(call, ids, request_keys(request.tags)));
  COFFER_CHECK(authorise_new_tags(call, organization,
                                  account_arn(organization, named ? request.target.id : "*"), request.tags));
  if (of_account && !named)
    return invalid_input("INVALID_PATTERN", "You provided a value that does not match the required pattern.");
  if (!named)
    return invalid_input("INVALID_PARTY_TYPE_TARGET",
                         "Invite an account by its id: nobody has an e-mail here.");
  COFFER_CHECK(checked_tags(request.tags));
  if (request.tags && !request.tags->empty())
    return invalid_input("INVALID_LIST_MEMBER", "Tag the account once it is a member.");
  const Handshake handshake{make_handshake_id(call.installation.random),
                            organization.id,
                            request.target.id,
                            request.notes.value_or(""),
                            "OPEN",
                            call.time,
                            {call.time.microseconds + kOpenFor}};
  return change<api::InviteAccountToOrganizationResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::InviteAccountToOrganizationResponse> {
        COFFER_CHECK(check_invitable(call, transaction, current, handshake.account));
        COFFER_CHECK(transaction.insert_handshake(handshake));
        return api::InviteAccountToOrganizationResponse{api_handshake(current, handshake, call.time)};
      });
}

Result<api::AcceptHandshakeResponse> OrganizationsService::accept_handshake(
    Call& call, const api::AcceptHandshakeRequest& request) {
  return settle<api::AcceptHandshakeResponse>(call, request.handshake_id, "ACCEPTED", invited, take_in);
}

Result<api::DeclineHandshakeResponse> OrganizationsService::decline_handshake(
    Call& call, const api::DeclineHandshakeRequest& request) {
  return settle<api::DeclineHandshakeResponse>(call, request.handshake_id, "DECLINED", invited);
}

Result<api::CancelHandshakeResponse> OrganizationsService::cancel_handshake(
    Call& call, const api::CancelHandshakeRequest& request) {
  return settle<api::CancelHandshakeResponse>(call, request.handshake_id, "CANCELED", inviting);
}

Result<api::DescribeHandshakeResponse> OrganizationsService::describe_handshake(
    Call& call, const api::DescribeHandshakeRequest& request) {
  COFFER_TRY(found, authorised_invitation(call, request.handshake_id));
  return api::DescribeHandshakeResponse{api_handshake(found.organization, found.handshake, call.time)};
}

Result<api::ListHandshakesForAccountResponse> OrganizationsService::list_handshakes_for_account(
    Call& call, const api::ListHandshakesForAccountRequest& request) {
  COFFER_CHECK(call.authorise("organizations:ListHandshakesForAccount", "*"));
  return list<api::ListHandshakesForAccountResponse>(call, "", call.account, request);
}

Result<api::ListHandshakesForOrganizationResponse> OrganizationsService::list_handshakes_for_organization(
    Call& call, const api::ListHandshakesForOrganizationRequest& request) {
  COFFER_TRY(organization, authorise_manager(call));
  return list<api::ListHandshakesForOrganizationResponse>(call, organization.id, "", request);
}

}  // namespace coffer::services::organizations
