// SPDX-License-Identifier: Apache-2.0
#include "api/route.h"

#include "wire/sigv4.h"
#include "wire/uri_template.h"

namespace coffer::api {
namespace {

// SERVICE.REGION.amazonaws.com, SERVICE.amazonaws.com: the service, or nothing for another host.
std::string service_of_host(std::string_view host) {
  host = host.substr(0, host.rfind(':'));
  if (!host.ends_with(".amazonaws.com")) return {};
  return std::string(host.substr(0, host.find('.')));
}

bool is_form(const wire::HttpRequest& request) {
  return request.headers.value_or("content-type", "").starts_with("application/x-www-form-urlencoded");
}

// A parameter that is named more than once, or in a form that cannot be read, is found out when the form is
// parsed.
std::string parameter_of(const wire::HttpRequest& request, std::string_view name) {
  const auto form = form_parameters(request);
  if (!form) return {};
  const std::string* value = wire::find_parameter(*form, name);
  return value == nullptr ? std::string() : *value;
}

// The service of the credential scope; empty for what is not signed, or badly.
std::string service_of_scope(const wire::HttpRequest& request) {
  const auto claim = wire::parse_claim(request);
  return claim && *claim ? (*claim)->service : std::string();
}

// Whose Action it is: as the host says, then the signature, then the version. What names none is EC2's.
const Service* service_of_action(const ServiceRegistry& services, const wire::HttpRequest& request,
                                 const Service* named_by_host) {
  if (named_by_host != nullptr && is_form_protocol(named_by_host->protocol())) return named_by_host;
  const std::string scope = service_of_scope(request);
  const Service* named_by_scope = services.by_signing_name(scope);
  if (named_by_scope != nullptr && is_form_protocol(named_by_scope->protocol())) return named_by_scope;
  if (!scope.empty() && named_by_scope == nullptr) return nullptr;
  const Service* named_by_version = services.of_version(parameter_of(request, "Version"));
  return named_by_version != nullptr ? named_by_version : services.ec2();
}

// The REST service that is meant, or nothing: a host of ours counts before the signature.
const Service* rest_service(const ServiceRegistry& services, const wire::HttpRequest& request,
                            const Service* named_by_host) {
  const Service* service =
      named_by_host != nullptr ? named_by_host : services.by_signing_name(service_of_scope(request));
  return service != nullptr && service->protocol() == wire::Protocol::kRestJson ? service : nullptr;
}

}  // namespace

Route find_route(const ServiceRegistry& services, const wire::HttpRequest& request) {
  if (const std::string* target = request.headers.find("x-amz-target")) {
    const size_t dot = target->rfind('.');
    if (dot == std::string::npos) return {nullptr, *target};
    return {services.by_target_prefix(target->substr(0, dot)), target->substr(dot + 1)};
  }
  const std::string host =
      request.connect_host.empty() ? std::string(request.headers.value_or("host", "")) : request.connect_host;
  const Service* named_by_host = services.by_signing_name(service_of_host(host));
  if (const Service* rest = rest_service(services, request, named_by_host)) {
    const auto* operation =
        wire::find_http_operation(*rest->model, request.method, request.path, request.query);
    return {rest, operation == nullptr ? std::string() : std::string(operation->name)};
  }
  if (std::string action = parameter_of(request, "Action"); !action.empty())
    return {service_of_action(services, request, named_by_host), std::move(action)};
  if (named_by_host != nullptr) return {named_by_host, {}};
  return {is_form(request) ? service_of_action(services, request, nullptr) : nullptr, {}};
}

Result<wire::FormParameters> form_parameters(const wire::HttpRequest& request) {
  COFFER_TRY(parameters, wire::parse_form(request.query));
  if (is_form(request)) {
    COFFER_TRY(body, wire::parse_form(as_text(request.body)));
    parameters.insert(parameters.end(), std::make_move_iterator(body.begin()),
                      std::make_move_iterator(body.end()));
  }
  return parameters;
}

}  // namespace coffer::api
