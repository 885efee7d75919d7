// SPDX-License-Identifier: Apache-2.0
// The commands about permissions: explain, who-can.
#include "cli/command_line_class.h"

namespace coffer::cli {

void CommandLine::add_question(CLI::App* command) {
  command->add_option("--action", access_.action, "such as kms:Decrypt")->type_name("ACTION")->required();
  command
      ->add_option("--context", access_.context,
                   "a condition key as the request would have it, such as "
                   "kms:ViaService=ec2.us-west-2.amazonaws.com; may be given again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_data(command);
  add_json(command);
}

void CommandLine::add_access() {
  CLI::App* command =
      add(&app_, "explain", "tell why a principal may do something, or may not: each policy, each statement",
          "  coffer explain --principal arn:aws:iam::123456789012:user/alice --action kms:Decrypt \\\n"
          "    --resource arn:aws:kms:us-west-2:123456789012:key/UUID\n"
          "  coffer explain … --context kms:ViaService=ec2.us-west-2.amazonaws.com",
          [this] { return explain(common_, access_); });
  command->add_option("--principal", access_.principal, "the ARN of a root user, user, role or session")
      ->type_name("ARN")
      ->required();
  access_.resource = "*";
  command->add_option("--resource", access_.resource, "its ARN (default: *, for actions without one)")
      ->type_name("ARN");
  add_question(command);
  command =
      add(&app_, "who-can", "list everybody who may do something with a resource, and by which policies",
          "  coffer who-can --action kms:Decrypt --resource arn:aws:kms:us-west-2:123456789012:key/UUID",
          [this] { return who_can(common_, access_); });
  command->add_option("--resource", access_.resource, "its ARN (default: *, for actions without one)")
      ->type_name("ARN");
  add_question(command);
}

}  // namespace coffer::cli
