// SPDX-License-Identifier: Apache-2.0
// explain-access, who-can: why a principal may do something or may not, and who may.
#include "api/admin_call.h"
#include "services/access_explanation.h"
#include "services/who_can.h"

namespace coffer::api {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// {"context": ["kms:ViaService=ec2.us-west-2.amazonaws.com", …]}
Result<Pairs> context_of(const AdminCall& call) {
  Pairs context;
  const auto found = call.request.find("context");
  if (found == call.request.end()) return context;
  for (const Json& each : *found) {
    const std::string pair = each.is_string() ? each.get<std::string>() : "";
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(
          ErrorKind::kInvalidArgument,
          "a condition key is given as KEY=VALUE, such as kms:ViaService=ec2.us-west-2.amazonaws.com, "
          "not as '" +
              pair + "'");
    context.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return context;
}

// Who asked for others' permissions is told too.
Status record(AdminCall& call, const char* event) {
  Json parameters = call.request;
  parameters.erase("command");
  return call.installation.catalog.write([&](catalog::Transaction& transaction) {
    return transaction.append_trail(admin_event(call, event, parameters, nullptr, nullptr));
  });
}

// Who has no name of a principal, by what he is; in `coffer who-can` the client words it.
std::string name_of(services::WhoCan::Kind kind) {
  using Kind = services::WhoCan::Kind;
  switch (kind) {
    case Kind::kPrincipal:
      return "principal";
    case Kind::kEverybody:
      return "everybody";
    case Kind::kAccount:
      return "account";
    case Kind::kService:
      return "service";
    case Kind::kProvider:
      return "provider";
  }
  return {};
}

Result<services::AccessCase> case_of(const AdminCall& call) {
  COFFER_TRY(context, context_of(call));
  services::AccessCase access{call.text("principal"), call.text("action"), call.text("resource"),
                              std::move(context)};
  if (access.resource.empty()) access.resource = "*";
  access.secure_transport = call.endpoint.starts_with("https:");
  return access;
}

}  // namespace

Result<std::string> explain_access(AdminCall& call) {
  COFFER_TRY(access, case_of(call));
  COFFER_TRY(told, services::explain_access(call.installation, access));
  COFFER_CHECK(record(call, "ExplainAccess"));
  return success_line(Json::parse(services::to_json(told)));
}

Result<std::string> who_can(AdminCall& call) {
  COFFER_TRY(access, case_of(call));
  COFFER_TRY(told, services::who_can(call.installation, access));
  COFFER_CHECK(record(call, "ListPrincipalsWithAccess"));
  Json principals = Json::array();
  for (const auto& each : told.who)
    principals.push_back({{"principal", each.principal},
                          {"kind", name_of(each.kind)},
                          {"action", each.action},
                          {"allowed", each.allowed},
                          {"because", each.because}});
  return success_line({{"principals", std::move(principals)}, {"notes", told.notes}});
}

}  // namespace coffer::api
