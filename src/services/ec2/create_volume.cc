// SPDX-License-Identifier: Apache-2.0
// CreateVolume: checks, the data key, and the catalog's row; the volume worker makes the volume itself.
#include <fmt/format.h>

#include <set>

#include "base/ids.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/volume_keys.h"
#include "services/ec2/volume_lookup.h"
#include "services/ec2/volume_types.h"
#include "wire/utf8.h"

namespace coffer::services::ec2 {
namespace {

// Amazon EC2 API Reference, "Tag", and "Ensuring idempotency in Amazon EC2 API requests".
constexpr size_t kLongestTagKey = 127;
constexpr size_t kLongestTagValue = 256;
constexpr size_t kLongestClientToken = 64;

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

bool is_zone_of(const std::string& zone, const std::string& region) {
  return zone.size() == region.size() + 1 && zone.starts_with(region) && zone.back() >= 'a' &&
         zone.back() <= 'c';
}

Status check_source(const api::CreateVolumeRequest& request) {
  if (request.snapshot_id && !request.snapshot_id->empty()) {
    if (!is_resource_id(*request.snapshot_id, "snap"))
      return refuse("InvalidParameterValue",
                    fmt::format("Value ({}) for parameter snapshotId is invalid. Expected: 'snap-...'.",
                                *request.snapshot_id));
    return refuse("InvalidSnapshot.NotFound",
                  fmt::format("The snapshot '{}' does not exist.", *request.snapshot_id));
  }
  if (!request.size)
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

using Tags = std::vector<std::pair<std::string, std::string>>;
Result<Tags> volume_tags(const api::CreateVolumeRequest& request) {
  Tags tags;
  if (!request.tag_specifications) return tags;
  std::set<std::string> names;
  for (const auto& specification : *request.tag_specifications) {
    const std::string type = specification.resource_type.value_or("");
    if (type != "volume")
      return refuse("InvalidParameterValue",
                    fmt::format("'{}' is not a valid taggable resource type for this operation.", type));
    if (!specification.tags) continue;
    for (const auto& tag : *specification.tags) {
      const std::string name = tag.key.value_or("");
      if (name.empty() || wire::utf16_length(name) > kLongestTagKey)
        return refuse("InvalidParameterValue", fmt::format("Tag key '{}' is invalid.", name));
      if (name.starts_with("aws:"))
        return refuse("InvalidParameterValue",
                      fmt::format("Value ( {} ) for parameter key is invalid. Tag keys starting with 'aws:' "
                                  "are reserved for internal use",
                                  name));
      if (!names.insert(name).second)
        return refuse("InvalidParameterValue", fmt::format("Duplicate tag key '{}' specified.", name));
      const std::string value = tag.value.value_or("");
      if (wire::utf16_length(value) > kLongestTagValue)
        return refuse("InvalidParameterValue",
                      fmt::format("Tag value exceeds the maximum length of {} characters", kLongestTagValue));
      tags.emplace_back(name, value);
    }
  }
  if (tags.size() > 50) return refuse("TagLimitExceeded", "The maximum number of tags for a resource is 50.");
  return tags;
}

}  // namespace

Result<api::Volume> Ec2Service::create_volume(Call& call, const api::CreateVolumeRequest& request) {
  if (!is_zone_of(request.availability_zone, call.region))
    return refuse("InvalidZone.NotFound",
                  fmt::format("The zone '{}' does not exist.", request.availability_zone));
  COFFER_CHECK(check_source(request));
  COFFER_TRY(shape, check_volume_shape(request.volume_type, *request.size, request.iops, request.throughput));
  COFFER_TRY(tags, volume_tags(request));

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
  volume.encrypted = request.encrypted.value_or(false);
  volume.created = call.time;
  volume.tags = std::move(tags);
  if (volume.encrypted) {
    COFFER_TRY(key, make_volume_key(call, volume.id, request.kms_key_id));
    volume.kms_key_arn = key.kms_key_arn;
    volume.wrapped_key = std::move(key.wrapped_key);
    if (key.failure) {
      volume.failure_code = "Client." + key.failure->code;
      volume.failure_message = fmt::format("The volume's data key could not be made under {}: {}",
                                           key.kms_key_arn, key.failure->message);
    }
  }
  auto response = call.commit<api::Volume>([&](catalog::Transaction& transaction) -> Result<api::Volume> {
    COFFER_CHECK(transaction.insert_volume(volume));
    return to_api(made);
  });
  worker_.notify();
  return response;
}

}  // namespace coffer::services::ec2
