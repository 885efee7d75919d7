// SPDX-License-Identifier: Apache-2.0
// Every action that Coffer asks policies about, and the kinds of resource on which: what an explanation may
// be asked for. Pure functions, thread-safe.
// Source: Service Authorization Reference (actions and their resource types) of the services that are served.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/arn.h"

namespace coffer::services {

// How the resource is named. asked_actions_table.cc shows how each is written.
enum class ResourceNaming {
  kPresent,   // one that is there
  kAny,       // need not be there
  kWildcard,  // is to be, and has no name yet
  kPath,      // all under a path
};

struct AskedKind {
  std::string service, type;  // of the resource's ARN: "ec2", "volume"
  ResourceNaming naming = ResourceNaming::kPresent;

  bool fits(const Arn& arn) const;
};

struct AskedAction {
  std::string action;
  std::vector<AskedKind> kinds;
  bool on_nothing = false;                // it is asked on "*", perhaps beside other kinds
  bool unasked = false;                   // everybody may
  std::vector<std::string> in_its_place;  // the actions that are asked instead
};

// In any case of letters; null for what Coffer never asks about.
const AskedAction* find_asked_action(std::string_view action);

// What Coffer answers of an action that it never asks about: nothing where another service, or an operation
// that is not served, may have it, so that policies alone decide. kInvalidArgument (ValidationError) with the
// nearest names where a service that is served has no such action.
Status check_unasked_action(const std::string& action);

// The kind of the action that the resource (an ARN) is of. kInvalidArgument, naming the kinds, where it is of
// none.
Result<const AskedKind*> asked_kind_of(const AskedAction& action, const std::string& resource);
// Says on which kinds the action is asked, and how they are named.
tl::unexpected<Error> needs_a_resource(const AskedAction& action);

// The sources of all this. The operations that AWS has of the services that are served, sorted.
std::string_view asked_actions_table();
std::span<const std::string_view> aws_operations();

}  // namespace coffer::services
