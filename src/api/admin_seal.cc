// SPDX-License-Identifier: Apache-2.0
// seal-status and seal-change. The new seal's secret is in a box for keyd; what is recorded is its kind, to
// which the box is bound.
#include "api/admin_call.h"
#include "base/encoding.h"
#include "format/seal_parameters.h"

namespace coffer::api {
namespace {

constexpr size_t kLongestBox = 64 << 10;

struct SealChange {
  format::SealKind kind = format::SealKind::kKeyFile;
  uint64_t sequence = 0;
  Bytes box;
};

Result<SealChange> wanted_change(const AdminCall& call) {
  const auto kind = format::seal_kind_named(call.text("seal"));
  const auto sequence = call.request.find("sequence");
  const std::string text = call.text("box");
  const auto box = from_base64(text);
  if (!kind || sequence == call.request.end() || !sequence->is_number_unsigned() || text.empty() ||
      text.size() > kLongestBox || !box)
    return fail(ErrorKind::kInvalidArgument, "a change of seal has a seal, a sequence and a box");
  return SealChange{*kind, sequence->get<uint64_t>(), *box};
}

}  // namespace

Result<std::string> seal_status(AdminCall& call) {
  COFFER_TRY(status, call.installation.keyd.seal_status());
  return success_line({{"seal", format::name_of(status.kind)},
                       {"description", status.description},
                       {"sequence", status.sequence},
                       {"oldest_version", status.oldest_version},
                       {"newest_version", status.newest_version}});
}

// Recorded before it happens: afterwards the record could be what fails.
Result<std::string> seal_change(AdminCall& call) {
  COFFER_TRY(change, wanted_change(call));
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) {
    return transaction.append_trail(admin_event(
        call, "ChangeSeal", {{"seal", format::name_of(change.kind)}, {"sequence", change.sequence}}, nullptr,
        nullptr));
  }));
  COFFER_CHECK(call.installation.keyd.change_seal(change.kind, change.sequence, change.box));
  return success_line({{"seal", format::name_of(change.kind)}});
}

}  // namespace coffer::api
