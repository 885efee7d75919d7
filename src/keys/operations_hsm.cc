// SPDX-License-Identifier: Apache-2.0
// Keys in PKCS#11 tokens: logging in, making and destroying them. Their use is that of any other key.
#include <algorithm>

#include "base/log.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "keys/installation_secrets.h"
#include "keys/operations.h"

namespace coffer::keys {
namespace {

using format::HsmLoginOutcome;
using format::sealer::Operation;
using secret::SecretBytes;
namespace protocol = format::keyd;

Bytes written(const auto& body) {
  format::Writer writer;
  body.write(writer);
  return writer.take();
}

format::HsmObjectId random_object_id() {
  format::HsmObjectId id{};
  std::ranges::copy(crypto::random_bytes(id.size()), id.begin());
  return id;
}

}  // namespace

Result<HsmStores*> Operations::hsm() const {
  if (hsm_stores_ == nullptr) return fail(ErrorKind::kUnavailable, "no key store can be connected here");
  return hsm_stores_;
}

Result<SecretBytes> Operations::password_of(const protocol::HsmLogin& login) const {
  return open_secret(*vault_.keys().get(), format::SecretKind::kKeyStorePassword, login.key_store_id,
                     login.wrapped_password);
}

// A store that is not known may be connected all the same, where keyd was started anew and nobody has told
// it yet: then the request opens the token, once, and a password that is refused is not tried again.
Status Operations::ensure_known(const protocol::HsmLogin& login) const {
  COFFER_TRY(stores, hsm());
  if (stores->is_known(login.key_store_id)) return {};
  if (stores->is_closed(login.key_store_id))
    return fail(ErrorKind::kUnavailable, "the key store is not connected");
  COFFER_TRY(password, password_of(login));
  stores->remember(login.key_store_id, login.cluster_id, password);
  return {};
}

Result<ReplyBody> Operations::describe_hsm_cluster(const protocol::DescribeHsmCluster& request) const {
  COFFER_TRY(stores, hsm());
  COFFER_TRY(cluster, stores->cluster(request.cluster_id));
  const bool known = cluster && format::belongs_to(*cluster, request.account);
  protocol::HsmClusterReply reply{known, false, HsmLoginOutcome::kLoggedIn};
  if (known) {
    const auto shown = format::certificate_in_pem(request.certificate_pem);
    reply.trusts = cluster->trust_anchor.empty() || (shown && *shown == cluster->trust_anchor);
    if (request.look) reply.found = stores->look(request.cluster_id);
  }
  return ReplyBody{written(reply), {}};
}

Result<ReplyBody> Operations::connect_hsm(const protocol::ConnectHsm& request) const {
  COFFER_TRY(stores, hsm());
  protocol::HsmLoginReply reply;
  switch (request.connection) {
    case protocol::HsmConnection::kDisconnect:
      stores->disconnect(request.login.key_store_id);
      break;
    case protocol::HsmConnection::kConnect: {
      COFFER_TRY(password, password_of(request.login));
      reply.outcome = stores->connect(request.login.key_store_id, request.login.cluster_id, password);
      break;
    }
    case protocol::HsmConnection::kRemember: {
      COFFER_TRY(password, password_of(request.login));
      stores->remember(request.login.key_store_id, request.login.cluster_id, password);
      break;
    }
  }
  return ReplyBody{written(reply), {}};
}

Result<ReplyBody> Operations::create_hsm_key(const protocol::CreateHsmKey& request) const {
  COFFER_CHECK(ensure_known(request.login));
  const format::HsmObject object{request.login.key_store_id, random_object_id()};
  const std::string& label = request.binding.key_id;
  COFFER_CHECK(hsm_stores_->call(object.key_store_id,
                                 {Operation::kHsmGenerate,
                                  format::sealer::encode(format::sealer::HsmGenerate{object.id, label}),
                                  {},
                                  {}},
                                 false));
  auto token =
      wrap_material(*vault_.keys().get(), request.binding, request.version,
                    {format::KeySpec::kSymmetricDefault, SecretBytes::copy_of(format::encode(object)), true});
  if (!token) {
    (void)hsm_stores_->call(object.key_store_id, {Operation::kHsmDestroy, object.id, {}, {}}, true);
    return tl::unexpected(token.error());
  }
  return ReplyBody{written(protocol::HsmKeyReply{label, std::move(*token)}), {}};
}

Result<ReplyBody> Operations::destroy_hsm_key(const protocol::DestroyHsmKey& request) const {
  COFFER_TRY(material, open_material(*vault_.keys().get(), request.key));
  if (!material.in_hsm) return fail(ErrorKind::kInvalidArgument, "the key is in no token");
  COFFER_TRY(object, format::parse_hsm_object(material.bytes.read(
                         secret::RawAccess::because("where a key is in a token is no secret"))));
  if (object.key_store_id != request.login.key_store_id)
    return fail(ErrorKind::kInvalidArgument, "the key is in another key store");
  COFFER_CHECK(ensure_known(request.login));
  COFFER_CHECK(hsm_stores_->call(object.key_store_id, {Operation::kHsmDestroy, object.id, {}, {}}, true));
  return ReplyBody{};
}

Result<ReplyBody> Operations::generate_hsm_random(const protocol::GenerateHsmRandom& request) const {
  if (request.size == 0 || request.size > protocol::kLargestDataKey)
    return fail(ErrorKind::kInvalidArgument, "a size from 1 to 1024 bytes is needed");
  COFFER_CHECK(ensure_known(request.login));
  COFFER_TRY(random, hsm_stores_->call(
                         request.login.key_store_id,
                         {Operation::kHsmRandom, format::Writer().u32(request.size).take(), {}, {}}, true));
  if (random.size() != request.size)
    return fail(ErrorKind::kInternal, "the key store's token answered something else than random bytes");
  return ReplyBody{{}, std::move(random)};
}

}  // namespace coffer::keys
