// SPDX-License-Identifier: Apache-2.0
#include "keys/supervisor_inbox.h"

#include <fmt/format.h>

#include "format/seal_parameters.h"

namespace coffer::keys {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

bool fits(const SecretBytes& encoded, format::SealKind kind, const Bytes* parameters) {
  const auto material =
      format::parse_seal_material(encoded.read(RawAccess::because("the material for a seal is looked for")));
  if (!material || material->kind != kind) return false;
  return parameters == nullptr || to_bytes(material->parameters) == *parameters;
}

}  // namespace

// Whether there may be more before `started`.
Result<bool> SupervisorInbox::take_one() {
  COFFER_TRY(message, channel_.next());
  if (message.kind == SupervisorMessage::Kind::kUnseal) {
    materials_.push_back(SecretBytes::copy_of(message.payload));
    secret::wipe(message.payload);
    return true;
  }
  using Kind = SupervisorMessage::Kind;
  const bool last = message.kind == Kind::kStarted || message.kind == Kind::kStop;
  early_.push_back(std::move(message));
  return !last;
}

Result<SupervisorMessage> SupervisorInbox::next() {
  while (early_.empty()) COFFER_CHECK(take_one());
  SupervisorMessage message = std::move(early_.front());
  early_.pop_front();
  return message;
}

Result<SecretBytes> SupervisorInbox::seal_material(format::SealKind kind, const Bytes* parameters) {
  while (!started_) {
    COFFER_TRY(more, take_one());
    started_ = !more;
  }
  for (const SecretBytes& each : materials_)
    if (fits(each, kind, parameters)) return each.clone();
  return fail(ErrorKind::kPermissionDenied,
              fmt::format("the domain keys are sealed ({}), and nothing was handed over that opens the seal",
                          format::name_of(kind)));
}

Status SupervisorInbox::remember(const SecretBytes& material) {
  return channel_.report_remember(
      material.read(RawAccess::because("the supervisor hands it over at the next start")));
}

Status SupervisorInbox::in_force(const SecretBytes& material) {
  if (material.empty()) return channel_.report_in_force({});
  return channel_.report_in_force(
      material.read(RawAccess::because("the supervisor hands it over at the next start")));
}

}  // namespace coffer::keys
