// SPDX-License-Identifier: Apache-2.0
// Operations about domain keys and seals.
#include "keys/operations.h"
#include "keys/rewrap.h"

namespace coffer::keys {
namespace {

namespace protocol = format::keyd;

template <class Body>
ReplyBody reply_of(const Body& body) {
  format::Writer writer;
  body.write(writer);
  return ReplyBody{writer.take(), {}};
}

Status needs_control(const SealControl* control) {
  if (control != nullptr) return {};
  return fail(ErrorKind::kUnsupported, "the seal cannot be changed here");
}

}  // namespace

Result<ReplyBody> Operations::seal_status() const {
  const auto status = vault_.status();
  return reply_of(protocol::SealStatusReply{status.kind, status.description, status.sequence,
                                            status.oldest_version, status.newest_version});
}

Result<ReplyBody> Operations::add_domain_key(const protocol::DomainKeyVersion& request) {
  COFFER_TRY(newest, vault_.add_version_above(request.version));
  return reply_of(protocol::DomainKeyVersion{newest});
}

Result<ReplyBody> Operations::rewrap_tokens(const protocol::RewrapTokens& request) const {
  const auto domain_keys = vault_.keys().get();
  protocol::RewrapReply reply;
  for (const Bytes& token : request.tokens)
    reply.rewrapped.push_back(rewrap_backing_key(*domain_keys, token).value_or(Bytes{}));
  return reply_of(reply);
}

Result<ReplyBody> Operations::rewrap_secrets(const protocol::RewrapSecrets& request) const {
  const auto domain_keys = vault_.keys().get();
  protocol::RewrapReply reply;
  for (const auto& secret : request.secrets)
    reply.rewrapped.push_back(rewrap_secret(*domain_keys, secret.name, secret.wrapped).value_or(Bytes{}));
  return reply_of(reply);
}

Result<ReplyBody> Operations::retire_domain_keys(const protocol::DomainKeyVersion& request) {
  COFFER_CHECK(vault_.retire_below(request.version));
  cache_.clear();
  return ReplyBody{};
}

Result<ReplyBody> Operations::change_seal(const protocol::SealRequest& request) {
  COFFER_CHECK(needs_control(seal_control_));
  COFFER_CHECK(seal_control_->change(request));
  return ReplyBody{};
}

Result<ReplyBody> Operations::export_domain_keys(const protocol::SealRequest& request) {
  COFFER_CHECK(needs_control(seal_control_));
  COFFER_TRY(copy, seal_control_->export_domain_keys(request));
  return ReplyBody{std::move(copy), {}};
}

}  // namespace coffer::keys
