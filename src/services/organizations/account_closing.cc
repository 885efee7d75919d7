// SPDX-License-Identifier: Apache-2.0
// CloseAccount. From then on nobody in the account is let in, and nobody uses what it owns
// (services/account_organization.h, api/credentials.h). Nothing is deleted: the installation's owner may open
// it again (`coffer account reopen`). What is attached stays attached.
// Source: Organizations API Reference, "CloseAccount"; User Guide, "Closing a member account".
#include <algorithm>

#include "services/organizations/account_closing.h"
#include "services/organizations/membership.h"
#include "services/organizations/names.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

using catalog::MemberAccount;

constexpr int64_t kDay = 86'400'000'000;  // microseconds
constexpr int64_t kQuotaDays = 30, kStayDays = 90;
constexpr size_t kAll = 1'000'000;

// "10% of member accounts, between 10 and 1000, within a rolling 30 day period."
Status check_closings(catalog::Transaction& transaction, const Organization& organization, Timestamp now) {
  constexpr size_t kFewest = 10, kMost = 1000, kOneOf = 10;
  COFFER_TRY(members, transaction.member_accounts(organization.id, "", "", kAll));
  const auto recent = std::ranges::count_if(members, [&](const MemberAccount& member) {
    return member.closed && now.microseconds - member.closed->microseconds < kQuotaDays * kDay;
  });
  const size_t others = members.size() - 1;  // than the management account
  if (static_cast<size_t>(recent) < std::clamp(others / kOneOf, kFewest, kMost)) return {};
  return constraint_violation("CLOSE_ACCOUNT_QUOTA_EXCEEDED",
                              "You have exceeded close account quota for the past 30 days.");
}

}  // namespace

Status check_may_leave(const MemberAccount& member, Timestamp now) {
  if (!member.closed || now.microseconds - member.closed->microseconds >= kStayDays * kDay) return {};
  return constraint_violation("ACCOUNT_CANNOT_LEAVE_ORGANIZATION",
                              "The account is closed: it stays in the organization for 90 days.");
}

// It is closed when the call is answered: nobody sees PENDING_CLOSURE.
Result<api::CloseAccountResponse> OrganizationsService::close_account(
    Call& call, const api::CloseAccountRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.account_id}));
  return change<api::CloseAccountResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::CloseAccountResponse> {
        COFFER_TRY(member, require_account(transaction, current, request.account_id));
        if (member.account == current.management_account)
          return constraint_violation("CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
                                      "You attempted to close the management account.");
        if (current.feature_set != "ALL") return not_all_features();
        if (member.closed)
          return conflict("AccountAlreadyClosedException",
                          "You attempted to close an account that is already closed.");
        COFFER_CHECK(check_closings(transaction, current, call.time));
        COFFER_CHECK(transaction.set_account_closed(member.account, call.time));
        return api::CloseAccountResponse{};
      });
}

}  // namespace coffer::services::organizations
