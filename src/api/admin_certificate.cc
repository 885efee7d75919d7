// SPDX-License-Identifier: Apache-2.0
// volume-certificate: lets a client that holds a private key open a volume over TLS. The key stays where it
// was made: only its public half comes here.
#include "api/admin_call.h"
#include "api/nbd_certificate.h"
#include "base/encoding.h"

namespace coffer::api {
namespace {

constexpr int64_t kMostDays = 825;
constexpr size_t kLongestKey = 4096;  // base64

// "*" stands for every volume, also those to come.
Status check_volume(AdminCall& call, const std::string& id) {
  if (id == "*") return {};
  bool exists = false;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(volume, transaction.volume(id));
    exists = volume.has_value();
    return {};
  }));
  if (exists) return {};
  return fail(ErrorKind::kNotFound, "The volume '" + id + "' does not exist.", "InvalidVolume.NotFound");
}

Result<uint32_t> wanted_days(const AdminCall& call) {
  const auto found = call.request.find("days");
  const int64_t days = found != call.request.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
  if (days < 1 || days > kMostDays)
    return fail(ErrorKind::kInvalidArgument, "a certificate is good for 1 to 825 days");
  return static_cast<uint32_t>(days);
}

}  // namespace

Result<std::string> volume_certificate(AdminCall& call) {
  const std::string id = call.text("volume_id"), key_text = call.text("public_key");
  COFFER_CHECK(check_volume(call, id));
  COFFER_TRY(days, wanted_days(call));
  const auto key = from_base64(key_text);
  if (key_text.empty() || key_text.size() > kLongestKey || !key)
    return fail(ErrorKind::kInvalidArgument, "public_key is not a public key in base64");
  if (call.nbd_endpoint.empty())
    return fail(ErrorKind::kConflict,
                "Nothing listens for NBD over TLS: start `coffer up` with --nbd-listen ADDRESS:PORT.",
                "IncorrectState");
  COFFER_TRY(made, certify_nbd_client(call.installation, *key, id, days));
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) {
    return transaction.append_trail(admin_event(call, "CreateVolumeCertificate",
                                                {{"volume_id", id}, {"days", days}, {"public_key", key_text}},
                                                {{"certificate", made.certificate_pem}}, nullptr));
  }));
  return success_line({{"certificate", made.certificate_pem},
                       {"ca_certificate", made.authority_pem},
                       {"endpoint", call.nbd_endpoint}});
}

}  // namespace coffer::api
