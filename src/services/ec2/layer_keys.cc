// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/layer_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/ids.h"
#include "services/arn.h"
#include "services/kms/key_directory.h"
#include "wire/json_text.h"

namespace coffer::services::ec2 {
namespace {

constexpr const char* kDecryptAction = "kms:Decrypt";

// The region of a volume or a snapshot; empty when the catalog has it no more.
Result<std::string> region_of(Installation& installation, const std::string& id) {
  std::string region;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(volume, transaction.volume(id));
    if (volume) region = volume->region;
    COFFER_TRY(snapshot, transaction.snapshot(id));
    if (snapshot) region = snapshot->region;
    return {};
  }));
  return region;
}

// Sorts layers by the KMS key that opens them; each key is looked up once, however long the chain.
class KeySorter {
 public:
  // `subject_id`: the volume or snapshot whose chain it is.
  KeySorter(Installation& installation, std::string subject_id, const KeyAccess& access)
      : installation_(installation), subject_id_(std::move(subject_id)), access_(access) {}

  Result<std::vector<KeyUse>> sort(const std::vector<control::NewLayer>& layers) {
    for (const auto& layer : layers) COFFER_CHECK(add(layer));
    return std::move(uses_);
  }

 private:
  struct Known {
    kms::FoundKey found;
    size_t use;
    std::map<uint32_t, keyclient::WrappedBackingKey> versions;
  };

  Status add(const control::NewLayer& layer) {
    COFFER_TRY(identity, identify_key(layer));
    COFFER_TRY(known, find(identity.key_id, layer.key_context));
    KeyUse& use = uses_[known->use];
    note_context(use, known->found, layer.key_context);
    if (use.failure) return {};
    auto version = known->versions.find(identity.backing_key_version);
    if (version == known->versions.end()) {
      COFFER_TRY(backing, kms::backing_key(installation_, known->found.key, identity.backing_key_version));
      version = known->versions.emplace(identity.backing_key_version, std::move(backing)).first;
    }
    auto blob = blob_of(known->found, layer);
    if (!blob && !is_about_a_key(blob.error())) return tl::unexpected(std::move(blob.error()));
    if (blob)
      use.layers.push_back(
          {version->second, std::move(*blob), {{"aws:ebs:id", layer.key_context}}, layer.layer_id});
    else
      use.failure = std::move(blob.error());
    return {};
  }

  // What keyd opens: of a key in an external key store, once the store has opened the layer's wrapped key.
  Result<Bytes> blob_of(const kms::FoundKey& found, const control::NewLayer& layer) {
    if (!kms::is_external(found.key)) return *layer.wrapped_key;
    return kms::open_externally(installation_, found, access_.user, {{"aws:ebs:id", layer.key_context}},
                                *layer.wrapped_key);
  }

  // The use of a key is asked for with each context that it will be used with.
  void note_context(KeyUse& use, const kms::FoundKey& found, const std::string& context) {
    if (std::find(use.contexts.begin(), use.contexts.end(), context) != use.contexts.end()) return;
    use.contexts.push_back(context);
    if (use.failure) return;
    auto allowed = access_.authorise(found, context);
    if (allowed) allowed = kms::require_usable(found);
    if (!allowed) use.failure = std::move(allowed.error());
  }

  // A multi-Region key is several, each with a policy and a state of its own: the one of the region in which
  // the layer was made counts.
  Result<std::string> region_of_key(const std::string& key_id, const std::string& context) {
    if (!key_id.starts_with("mrk-")) return std::string();
    COFFER_TRY(region, region_of(installation_, context));
    if (region.empty()) return region_of(installation_, subject_id_);
    return region;
  }

  Result<Known*> find(const std::string& key_id, const std::string& context) {
    COFFER_TRY(region, region_of_key(key_id, context));
    const std::pair name(key_id, region);
    const auto known = known_.find(name);
    if (known != known_.end()) return &known->second;
    COFFER_TRY(key, kms::any_key(installation_, key_id, region));
    if (!region.empty() && key.region != region)
      return fail(ErrorKind::kNotFound, fmt::format("Key '{}' does not exist in {}", key_id, region),
                  "NotFoundException");
    kms::FoundKey found = kms::with_arn(std::move(key));
    KeyUse use;
    use.kms_key_arn = found.arn;
    uses_.push_back(std::move(use));
    return &known_.emplace(name, Known{std::move(found), uses_.size() - 1, {}}).first->second;
  }

  Installation& installation_;
  const std::string subject_id_;
  const KeyAccess& access_;
  std::map<std::pair<std::string, std::string>, Known> known_;  // by key id and region
  std::vector<KeyUse> uses_;
};

// Boxes for the session, with why a use has none noted in it.
Result<std::vector<Bytes>> box_keys(Installation& installation, const KeySession& session, const Bytes& nonce,
                                    std::vector<KeyUse>& uses) {
  std::vector<Bytes> boxes;
  for (auto& use : uses) {
    if (use.failure) continue;
    auto boxed = installation.keyd.box_chain_keys(
        use.layers, {installation.host_id, session.subject_id, session.session_id, nonce});
    if (boxed)
      std::move(boxed->begin(), boxed->end(), std::back_inserter(boxes));
    else if (is_about_a_key(boxed.error()))
      use.failure = std::move(boxed.error());
    else
      return tl::unexpected(std::move(boxed.error()));
  }
  return boxes;
}

Status hand_over(Installation& installation, const KeySession& session, const Bytes& nonce,
                 const std::vector<control::NewLayer>& layers, const KeyAccess& access) {
  if (layers.empty()) return {};
  COFFER_TRY(uses, KeySorter(installation, session.subject_id, access).sort(layers));
  COFFER_TRY(boxes, box_keys(installation, session, nonce, uses));
  std::vector<KeyUse> failed;
  for (const auto& use : uses)
    if (use.failure) failed.push_back(use);
  COFFER_CHECK(access.record(failed.empty() ? uses : failed));
  if (!failed.empty()) return tl::unexpected(*failed.front().failure);
  for (const Bytes& box : boxes)
    COFFER_CHECK(installation.volumed.deliver_keys(session.subject_id, session.session_id, box));
  return {};
}

}  // namespace

kms::KeyRequest layer_key_request(const std::string& context) {
  kms::KeyRequest request;
  request.encryption_context = {{"aws:ebs:id", context}};
  request.via_service = "ec2";
  return request;
}

Status authorise_decryption(Call& call, const std::string& kms_key_arn, const std::string& context) {
  COFFER_TRY(key, kms::any_key_by_arn(call.installation, kms_key_arn));
  return kms::authorise_key(call, kDecryptAction, key, layer_key_request(context));
}

KeyAccess access_of(Call& call) {
  return {[&call](const kms::FoundKey& key, const std::string& context) {
            return kms::authorise_key(call, kDecryptAction, key, layer_key_request(context));
          },
          [&call](const std::vector<KeyUse>& uses) {
            return call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
              for (const auto& use : uses) COFFER_CHECK(call.record_now(transaction, decrypt_record(use)));
              return {};
            });
          },
          kms::user_of(call, "Decrypt", "ec2")};
}

KeyAccess access_of(Installation& installation, const Requester& requester) {
  return {
      [=, &installation](const kms::FoundKey& key, const std::string& context) {
        return kms::authorise_key(installation, principal_of(requester), kDecryptAction, key,
                                  layer_key_request(context));
      },
      [=, &installation](const std::vector<KeyUse>& uses) -> Status {
        if (uses.front().failure) return {};
        return installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
          for (const auto& use : uses)
            COFFER_CHECK(record_service_event(
                installation, transaction, decrypt_event(use, requester.account, requester.principal_arn)));
          return {};
        });
      },
      {requester.principal_arn, "Decrypt", make_uuid(installation.random), "ec2"}};
}

std::string make_session_id(Random& random) {
  return make_resource_id(random, "session");
}

Status open_key_session(Installation& installation, const KeySession& session, const KeyAccess& access) {
  COFFER_TRY(prepared, installation.volumed.prepare_keys(session.subject_id, session.session_id));
  return hand_over(installation, session, prepared.nonce, prepared.layers, access);
}

Status open_key_session(Installation& installation, const KeySession& session,
                        const std::vector<control::NewLayer>& layers, const KeyAccess& access) {
  COFFER_TRY(prepared, installation.volumed.prepare_keys(session.subject_id, session.session_id));
  return hand_over(installation, session, prepared.nonce, layers, access);
}

Result<std::vector<control::NewLayer>> encrypted_layers_of(Installation& installation,
                                                           const std::string& subject_id) {
  // The session is left to end by itself: nothing is delivered to it.
  COFFER_TRY(prepared, installation.volumed.prepare_keys(subject_id, make_session_id(installation.random)));
  return std::move(prepared.layers);
}

Result<keyclient::BlobIdentity> identify_key(const control::NewLayer& layer) {
  if (!layer.wrapped_key) return fail(ErrorKind::kCorrupt, "an encrypted layer has no key");
  return keyclient::identify_blob(*layer.wrapped_key);
}

bool is_about_a_key(const Error& error) {
  constexpr std::array kCodes = {"DisabledException",     "KMSInvalidStateException", "NotFoundException",
                                 "AccessDeniedException", "UnauthorizedOperation",    "InvalidArnException"};
  return error.kind == ErrorKind::kRefusedCiphertext ||
         std::any_of(kCodes.begin(), kCodes.end(), [&](const char* code) { return error.code == code; });
}

std::string describe_key_error(const Error& error) {
  std::string_view message = error.message;
  if (message.ends_with('.')) message.remove_suffix(1);
  return fmt::format("{}: {}", error.code.empty() ? "InvalidCiphertextException" : error.code, message);
}

DependentCall decrypt_record(const KeyUse& use) {
  DependentCall record;
  record.event_source = "kms.amazonaws.com";
  record.event_name = "Decrypt";
  std::string& json = record.request_parameters_json;
  json = R"({"encryptionContext":{"aws:ebs:id":)";
  wire::append_json_string(json, use.contexts.front());
  json += R"(},"encryptionAlgorithm":"SYMMETRIC_DEFAULT")";
  if (use.contexts.size() > 1) {  // layers of several volumes in one chain
    json += R"(,"additionalEncryptionContexts":[)";
    for (size_t i = 1; i < use.contexts.size(); ++i) {
      json += i == 1 ? R"({"aws:ebs:id":)" : R"(,{"aws:ebs:id":)";
      wire::append_json_string(json, use.contexts[i]);
      json += "}";
    }
    json += "]";
  }
  json += "}";
  record.resource_arns = {use.kms_key_arn};
  if (use.failure) {
    record.error_code = use.failure->code.empty() ? "KMSInternalException" : use.failure->code;
    record.error_message = use.failure->message;
  }
  return record;
}

ServiceEvent decrypt_event(const KeyUse& use, const std::string& account, const std::string& principal_arn) {
  const DependentCall decrypt = decrypt_record(use);
  const auto arn = parse_arn(use.kms_key_arn);
  return {.account = account,
          .region = arn ? arn->region : "",
          .event_source = decrypt.event_source,
          .event_name = decrypt.event_name,
          .request_parameters_json = decrypt.request_parameters_json,
          .resource_arns = decrypt.resource_arns,
          .on_behalf_of = principal_arn,
          .read_only = true,
          .error_code = decrypt.error_code,
          .error_message = decrypt.error_message};
}

}  // namespace coffer::services::ec2
