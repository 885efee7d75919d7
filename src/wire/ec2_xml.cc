// SPDX-License-Identifier: Apache-2.0
// The answers of EC2 Query, declared in ec2_query_protocol.h.
#include <fmt/format.h>

#include "wire/ec2_query_protocol.h"
#include "wire/xml_text.h"

namespace coffer::wire {

std::string serialise_ec2_xml(const ServiceModel& model, const Operation& operation, const Value& value,
                              std::string_view request_id) {
  std::string out(kXmlDeclaration);
  out += fmt::format("<{}Response xmlns=\"{}\">", operation.name, model.xml_namespace);
  append_xml_element(out, "requestId", request_id);
  if (operation.output == nullptr)
    out += "<return>true</return>";
  else if (const auto* members = value.as<Members>())
    append_xml_members(out, *operation.output, *members, iso8601_millis);
  out += fmt::format("</{}Response>", operation.name);
  return out;
}

std::string ec2_error_xml(const Error& error, std::string_view request_id) {
  std::string out(kXmlDeclaration);
  out += "<Response><Errors><Error>";
  append_xml_element(out, "Code", error.code);
  append_xml_element(out, "Message", error.message);
  out += "</Error></Errors>";
  append_xml_element(out, "RequestID", request_id);
  out += "</Response>";
  return out;
}

}  // namespace coffer::wire
