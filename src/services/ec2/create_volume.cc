// SPDX-License-Identifier: Apache-2.0
// CreateVolume: checks, the data key, and the catalog's row; the volume worker makes the volume itself.
#include <fmt/format.h>

#include "base/ids.h"
#include "services/ec2/create_volume_permission.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/tag_specifications.h"
#include "services/ec2/volume_keys.h"
#include "services/ec2/volume_lookup.h"
#include "services/ec2/volume_types.h"
#include "services/kms/key_directory.h"

namespace coffer::services::ec2 {
namespace {

// Amazon EC2 API Reference, "Ensuring idempotency in Amazon EC2 API requests".
constexpr size_t kLongestClientToken = 64;

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

bool is_zone_of(const std::string& zone, const std::string& region) {
  return zone.size() == region.size() + 1 && zone.starts_with(region) && zone.back() >= 'a' &&
         zone.back() <= 'c';
}

bool has_source(const api::CreateVolumeRequest& request) {
  return request.snapshot_id && !request.snapshot_id->empty();
}

Status check_request(const api::CreateVolumeRequest& request) {
  if (!has_source(request) && !request.size)
    return refuse("MissingParameter", "The request must contain the parameter size/snapshot");
  if (request.client_token && request.client_token->size() > kLongestClientToken)
    return refuse("InvalidParameterValue",
                  fmt::format("The client token is longer than {} ASCII characters.", kLongestClientToken));
  if (request.outpost_arn) return refuse("UnsupportedOperation", "Outposts are not supported.");
  if (request.multi_attach_enabled.value_or(false))
    return refuse("UnsupportedOperation", "Multi-Attach is not supported.");
  if (request.kms_key_id && !request.encrypted.value_or(false))
    return refuse("InvalidParameterDependency",
                  "The parameter KmsKeyId requires the parameter Encrypted to be set.");
  return {};
}

// The snapshot that it is made of, if any.
Result<std::optional<catalog::Snapshot>> find_source(Call& call, const api::CreateVolumeRequest& request) {
  if (!has_source(request)) return std::nullopt;
  COFFER_TRY(source, find_snapshot(call, *request.snapshot_id));
  COFFER_CHECK(require_completed(source));
  if (request.size && *request.size < static_cast<int64_t>(source.volume_size_gib))
    return refuse("InvalidParameterValue",
                  fmt::format("Volume of {}GiB is smaller than snapshot '{}', expect size >= {}GiB",
                              *request.size, source.id, source.volume_size_gib));
  return source;
}

void fail_for_key(catalog::Volume& volume, const std::string& what, const Error& error) {
  volume.failure_code = "Client." + error.code;
  volume.failure_message = fmt::format("{}: {}", what, error.message);
}

// An encrypted snapshot makes an encrypted volume, under the snapshot's KMS key unless another is named; an
// unencrypted one makes an encrypted volume on request. A base that is not under the volume's own KMS key is
// taken over in the background, so that the volume does not depend on that key for good.
Status encrypt(Call& call, catalog::Volume& volume, const std::optional<catalog::Snapshot>& source,
               std::optional<std::string> kms_key_id) {
  const bool under_a_key = source && source->encrypted;
  if (under_a_key && !kms_key_id) kms_key_id = source->kms_key_arn;
  COFFER_TRY(key, make_volume_key(call, volume.id, kms_key_id));
  volume.kms_key_arn = key.kms_key_arn;
  volume.wrapped_key = std::move(key.wrapped_key);
  if (key.failure)
    fail_for_key(volume, "The volume's data key could not be made under " + key.kms_key_arn, *key.failure);
  volume.independent = source && source->kms_key_arn != volume.kms_key_arn;
  volume.data_encryption_key_id = under_a_key && !volume.independent ? source->data_encryption_key_id
                                                                     : make_uuid(call.installation.random);
  if (!under_a_key || !volume.independent || key.failure) return {};
  auto usable = authorise_decryption(call, source->kms_key_arn, key_context(*source));
  if (usable) {
    const auto base = kms::find_key(call, "kms:Decrypt", source->kms_key_arn, kms::AliasUse::kRefused);
    usable = base ? kms::require_usable(*base) : tl::unexpected(base.error());
  }
  if (usable) return {};
  if (!is_about_a_key(usable.error())) return usable;
  fail_for_key(volume, "The snapshot's KMS key " + source->kms_key_arn + " cannot be used", usable.error());
  return {};
}

}  // namespace

Result<api::Volume> Ec2Service::create_volume(Call& call, const api::CreateVolumeRequest& request) {
  if (!is_zone_of(request.availability_zone, call.region))
    return refuse("InvalidZone.NotFound",
                  fmt::format("The zone '{}' does not exist.", request.availability_zone));
  COFFER_CHECK(check_request(request));
  COFFER_TRY(source, find_source(call, request));
  const int64_t size = request.size ? int64_t{*request.size} : int64_t{source->volume_size_gib};
  COFFER_TRY(shape, check_volume_shape(request.volume_type, size, request.iops, request.throughput));
  COFFER_TRY(tags, read_tag_specifications(request.tag_specifications, "volume"));

  FoundVolume made;
  catalog::Volume& volume = made.volume;
  volume.id = make_resource_id(call.installation.random, "vol");
  volume.layer_id = make_resource_id(call.installation.random, "layer");
  volume.account = call.account;
  volume.region = call.region;
  volume.availability_zone = request.availability_zone;
  volume.state = "creating";
  volume.size_gib = shape.size_gib;
  volume.type = shape.type;
  volume.iops = shape.iops;
  volume.throughput = shape.throughput;
  volume.encrypted = will_be_encrypted(request, source);
  if (source) volume.snapshot_id = source->id;
  volume.principal_arn = call.principal.arn;
  volume.created = call.time;
  volume.tags = std::move(tags);
  if (volume.encrypted) COFFER_CHECK(encrypt(call, volume, source, request.kms_key_id));
  auto response = call.commit<api::Volume>([&](catalog::Transaction& transaction) -> Result<api::Volume> {
    if (source) {  // read again: it may have been deleted in between
      COFFER_TRY(still, transaction.snapshot(source->id));
      if (!still || !is_visible(*still)) return snapshot_not_found(source->id);
    }
    COFFER_CHECK(transaction.insert_volume(volume));
    return to_api(made);
  });
  worker_.notify();
  return response;
}

}  // namespace coffer::services::ec2
