// SPDX-License-Identifier: Apache-2.0
#include "wire/shape.h"

#include <algorithm>

namespace coffer::wire {

const Member* Shape::find_member(std::string_view member_name) const {
  const auto found = std::ranges::find(members, member_name, &Member::name);
  return found == members.end() ? nullptr : &*found;
}

bool ErrorShape::has_member(std::string_view member_name) const {
  return std::ranges::find(members, member_name) != members.end();
}

const Operation* ServiceModel::find_operation(std::string_view name) const {
  const auto found = std::ranges::find(operations, name, &Operation::name);
  return found == operations.end() ? nullptr : &*found;
}

const ErrorShape* ServiceModel::find_error(std::string_view code) const {
  const auto found = std::ranges::find(errors, code, &ErrorShape::code);
  return found == errors.end() ? nullptr : &*found;
}

std::string lower_camel(std::string_view name) {
  std::string camel(name);
  if (!camel.empty() && camel[0] >= 'A' && camel[0] <= 'Z')
    camel[0] = static_cast<char>(camel[0] - 'A' + 'a');
  return camel;
}

int http_status(const ServiceModel& model, const Error& error) {
  if (const auto* modelled = model.find_error(error.code)) return modelled->http_status;
  const bool json = model.protocol == Protocol::kJson;
  switch (error.kind) {
    case ErrorKind::kUnavailable:
      return 503;
    case ErrorKind::kIo:
    case ErrorKind::kNoSpace:
    case ErrorKind::kCorrupt:
    case ErrorKind::kTooNew:
    case ErrorKind::kInternal:
      return 500;
    // The JSON services answer 400 to these; the others tell them apart.
    case ErrorKind::kPermissionDenied:
      return json ? 400 : 403;
    case ErrorKind::kUnauthenticated:
      return json ? 400 : model.protocol == Protocol::kEc2 ? 401 : 403;
    case ErrorKind::kNotFound:
      return model.protocol == Protocol::kRestJson ? 404 : 400;
    case ErrorKind::kConflict:
      return model.protocol == Protocol::kRestJson ? 409 : 400;
    default:
      return 400;
  }
}

}  // namespace coffer::wire
