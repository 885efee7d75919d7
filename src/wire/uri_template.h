// SPDX-License-Identifier: Apache-2.0
// The REST protocols' URI templates: which operation do a method and a path name, and what stands in the
// path's labels (Smithy 2.0, "http trait")? Pure functions; bounded by the length of the path.
//
// Segments are matched as they stand between slashes and decoded afterwards, so that an encoded slash is part
// of a label. Empty and dot segments match nothing: a signature covers the path without them, and the two
// readings of one signed path must not name two operations. A slash at the end of either side counts nothing.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/shape.h"

namespace coffer::wire {

using Labels =
    std::vector<std::pair<std::string_view, std::string>>;  // the label's name, and its text decoded

inline constexpr size_t kMostPathSegments = 64;

// The labels of `path` (still percent-encoded) if it fits the template's path; nothing if it does not, or if
// a label is malformed or not UTF-8. {label} stands for one segment, {label+} for one or more; both are never
// empty.
std::optional<Labels> match_path(std::string_view uri_template, std::string_view path);

// The operation that is asked for, or nothing. Where several fit, the one that says more: with more query
// parameters of its own, then with more literal segments.
const Operation* find_http_operation(const ServiceModel& model, std::string_view method,
                                     std::string_view path, std::string_view query);

}  // namespace coffer::wire
