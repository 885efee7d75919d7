// SPDX-License-Identifier: Apache-2.0
// `coffer explain` and `coffer who-can`: decisions as trees.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace coffer::cli {
namespace {

struct Branch {
  std::string text;
  std::vector<Branch> branches = {};
};

std::string drawn(const std::vector<Branch>& branches, const std::string& indent = {}) {
  std::string text;
  for (const Branch& branch : branches) {
    const bool last = &branch == &branches.back();
    text += indent + (last ? "└─ " : "├─ ") + branch.text + "\n";
    text += drawn(branch.branches, indent + (last ? "   " : "│  "));
  }
  return text;
}

Document request_of(const char* command, const AccessOptions& options) {
  Document request;
  request.set("command", command);
  request.set("principal", options.principal);
  request.set("action", options.action);
  request.set("resource", options.resource);
  request.set("context", options.context);
  return request;
}

std::string actual_value(const Document& condition) {
  if (!condition.flag("present")) return "is absent";
  const std::vector<std::string> values = condition.texts("actual");
  return values.empty() ? "has no value" : fmt::format("is {}", fmt::join(values, ", "));
}

Branch condition_branch(const Document& condition) {
  return {fmt::format("{} {} {}: {}, it {}", condition.text("operator"), condition.text("key"),
                      fmt::join(condition.texts("wanted"), " or "),
                      condition.flag("holds") ? "holds" : "does not hold", actual_value(condition))};
}

// Why the statement does not speak, in one word each.
std::string silence(const Document& statement) {
  std::vector<std::string> reasons;
  if (!statement.flag("principal_matches")) reasons.emplace_back("names others");
  if (!statement.flag("action_matches")) reasons.emplace_back("other actions");
  if (!statement.flag("resource_matches")) reasons.emplace_back("other resources");
  if (reasons.empty()) reasons.emplace_back("a condition does not hold");
  return fmt::format("does not apply ({})", fmt::join(reasons, ", "));
}

Branch statement_branch(const Document& statement) {
  const std::string sid = statement.text("sid");
  const bool applies = statement.flag("applies"), allow = statement.text("effect") == "Allow";
  Branch branch{fmt::format("statement {}{}, {}: {}", statement.text("statement"),
                            sid.empty() ? "" : fmt::format(" \"{}\"", sid), statement.text("effect"),
                            !applies ? silence(statement)
                            : allow  ? "allows it"
                                     : "DENIES it")};
  if (statement.flag("principal_matches") && statement.flag("action_matches") &&
      statement.flag("resource_matches"))
    for (const Document& condition : statement.items("conditions"))
      branch.branches.push_back(condition_branch(condition));
  return branch;
}

std::string drawn(const Document& question) {
  std::vector<Branch> branches;
  for (const Document& policy : question.items("policies")) {
    Branch branch{fmt::format("{}: {}", policy.text("kind"), policy.text("name"))};
    for (const Document& statement : policy.items("statements"))
      branch.branches.push_back(statement_branch(statement));
    branches.push_back(std::move(branch));
  }
  if (branches.empty()) branches.push_back({"no policy at all"});
  return drawn(branches);
}

// All of them have to be met; of what stands below one, any.
void print_needs(const std::vector<Document>& needs) {
  print(needs.size() > 1 ? "\nWhat would be needed, all of it:\n" : "\nWhat would be needed:\n");
  for (const Document& need : needs) {
    const std::vector<std::string> ways = need.texts("any_of");
    print(fmt::format("- {}{}\n", need.text("what"), ways.size() > 1 ? "; any of these would do:" : ""));
    for (const std::string& way : ways) print("    " + way + "\n");
  }
}

void print_explanation(const Document& told) {
  print(fmt::format("{}\n{} {} on {}\n{}\n", told.text("principal"),
                    told.flag("allowed") ? "MAY do" : "may NOT do", told.text("action"),
                    told.text("resource"), told.text("reason")));
  for (const std::string& note : told.texts("notes")) print("Note: " + note + "\n");
  const std::vector<Document> questions = told.items("questions");
  for (const Document& question : questions) {
    print("\n");
    if (&question != &questions.front())
      print(told.text("action").starts_with("kms:") ? "By a grant:\n"
                                                    : "By the organization's resource policy:\n");
    print(drawn(question));
  }
  if (told.flag("allowed") || questions.empty()) return;
  print_needs(questions.front().items("needed"));
  if (const auto ways = told.texts("instead"); !ways.empty()) print("\nOr, in place of all that, one of:\n");
  for (const std::string& way : told.texts("instead")) print("- " + way + "\n");
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](unsigned char c) { return std::tolower(c); },
      [](unsigned char c) { return std::tolower(c); });
}

// Of somebody who has no ARN, what he is.
std::string called(const Document& each) {
  const std::string kind = each.text("kind"), name = each.text("principal");
  if (kind == "everybody") return "everybody (\"*\"), as far as his own account lets him";
  if (kind == "account") return "account " + name + ", which is not here, and whom it lets";
  if (kind == "service") return "the service " + name;
  if (kind == "provider") return "whom " + name + " vouches for";
  return name;
}

}  // namespace

int explain(const Common& common, const AccessOptions& options) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  const auto told = ask(*served, request_of("explain-access", options));
  if (!told) return complain_about(told.error());
  if (common.json)
    print(told->pretty());
  else
    print_explanation(told->printable());
  return kOk;
}

int who_can(const Common& common, const AccessOptions& options) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  const auto told = ask(*served, request_of("who-can", options));
  if (!told) return complain_about(told.error());
  if (common.json) {
    print(told->pretty());
    return kOk;
  }
  const std::vector<Document> principals = told->printable().items("principals");
  for (const bool allowed : {true, false}) {
    std::vector<Branch> branches;
    for (const Document& each : principals) {
      if (each.flag("allowed") != allowed) continue;
      Branch branch{called(each)};
      if (!same_letters(each.text("action"), options.action)) branch.text += ", by " + each.text("action");
      for (const std::string& line : each.texts("because")) branch.branches.push_back({line});
      branches.push_back(std::move(branch));
    }
    if (branches.empty() && !allowed) continue;
    print(allowed ? "Who can:\n" : "\nWho could, if a condition held:\n");
    print(branches.empty() ? "nobody\n" : drawn(branches));
  }
  for (const std::string& note : told->texts("notes")) print("\nNote: " + note);
  if (!told->texts("notes").empty()) print("\n");
  return kOk;
}

}  // namespace coffer::cli
