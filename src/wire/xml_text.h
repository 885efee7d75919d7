// SPDX-License-Identifier: Apache-2.0
// Values as XML, guided by the tables of a model: what EC2 Query and Query have in common. Pure functions;
// whatever a value holds, only characters that XML 1.0 (section 2.2) allows are written.
#pragma once
#include <string>
#include <string_view>

#include "base/clock.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::wire {

inline constexpr std::string_view kXmlDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// <NAME>TEXT</NAME>
void append_xml_element(std::string& out, std::string_view name, std::string_view text);

// The members of a structure, each as an element of its own. `time_text` writes timestamps.
using TimeText = std::string (*)(Timestamp);
void append_xml_members(std::string& out, const Shape& shape, const Members& members, TimeText time_text);

}  // namespace coffer::wire
