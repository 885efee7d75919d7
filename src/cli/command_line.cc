// SPDX-License-Identifier: Apache-2.0
// Reads the command line. Every command's help, with its examples, is here, or in command_line_keys.cc.
#include <fmt/format.h>

#include <cstdlib>

#include "cli/command_line_class.h"
#include "cli/output.h"

namespace coffer::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit status: 0 done, 1 failed, 2 wrong usage or cannot start, 3 not running, 4 refused or not found.";

// The words after the first "--" are the command of `coffer exec`; they are none of ours to read.
std::vector<std::string> cut_command(int& argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--") continue;
    std::vector<std::string> command(argv + i + 1, argv + argc);
    argc = i;
    return command;
  }
  return {};
}

}  // namespace

std::string default_data() {
  const char* data = std::getenv("COFFER_DATA");
  return data == nullptr || *data == '\0' ? "./data" : data;
}

CommandLine::CommandLine(std::string release, std::vector<std::string> command)
    : release_(std::move(release)), command_(std::move(command)) {
  app_.name("coffer");
  app_.require_subcommand(1);
  app_.set_version_flag("--version", "coffer " + release_);
  app_.footer(std::string("Without --data, commands use $COFFER_DATA or ./data.\n") + kExitCodes);
  add_up();
  add_clients();
  add_status();
  add_volume();
  add_snapshot();
  add_seal();
  add_kms();
  add_iam();
  add_domain_key();
  add_backup();
  add_account();
  add_trail();
  add_clock();
  add_access();
}

int CommandLine::run(int argc, char** argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error);  // --help, --version
    complain(usage_complaint(error));
    return kUsage;
  }
  return action_();
}

// What was wrong with the words on the command line, named, and where to read on.
std::string CommandLine::usage_complaint(const CLI::ParseError& error) {
  CLI::App* command = &app_;
  std::string path = "coffer";
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    path += " " + command->get_name();
  }
  const std::vector<std::string> words = app_.remaining(true);  // what nothing took
  const std::vector<CLI::App*> commands = command->get_subcommands([](CLI::App*) { return true; });
  std::string what = error.what();
  if (&app_ != command && !app_.remaining().empty())
    what = fmt::format("options follow the command: `{} {}`", path, fmt::join(app_.remaining(), " "));
  else if (!words.empty() && words.front().starts_with("-") && !commands.empty())
    what = fmt::format("`{}` does not take {} (options follow the command)", path, words.front());
  else if (!words.empty() && !commands.empty())
    what = fmt::format("`{}` has no command '{}'; it has: {}", path, words.front(), names_of(commands));
  else if (!words.empty() && command->get_name() == "exec")
    what = fmt::format("a `--` goes before the command: `coffer exec -- {}`", fmt::join(words, " "));
  else if (!words.empty())
    what = fmt::format("`{}` does not take '{}'", path, fmt::join(words, " "));
  else if (!commands.empty())
    what = fmt::format("`{}` needs a command: {}", path, names_of(commands));
  return fmt::format("{}\nSee `{} --help`.", what, path);
}

std::string CommandLine::names_of(const std::vector<CLI::App*>& commands) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return fmt::format("{}", fmt::join(names, ", "));
}

CLI::App* CommandLine::add(CLI::App* to, const std::string& name, const std::string& what,
                           const std::string& examples, std::function<int()> action) {
  CLI::App* command = to->add_subcommand(name, what);
  command->footer("Examples:\n" + examples);
  command->callback([this, action = std::move(action)] { action_ = action; });
  return command;
}

void CommandLine::add_data(CLI::App* command) {
  command->add_option("--data", common_.data, "the data folder")->type_name("DIR")->capture_default_str();
}

void CommandLine::add_json(CLI::App* command) {
  command->add_flag("--json", common_.json, "print JSON");
}

void CommandLine::add_region(CLI::App* command) {
  command->add_option("--region", region_, "an installed region (default: the installation's first)")
      ->type_name("NAME");
}

void CommandLine::add_up() {
  CLI::App* command =
      add(&app_, "up", "start keyd, apid and volumed and keep them running, in the foreground",
          "  coffer up --data /srv/coffer\n"
          "  coffer up --data ./data --listen 127.0.0.1:0 --region eu-central-1\n"
          "  coffer up --data /srv/coffer --seal-file /media/usb/coffer-seal.key\n"
          "  coffer up --data /srv/coffer --listen 0.0.0.0:4599 --tls\n"
          "Prints `ready URL` once it serves. SIGTERM or Ctrl-C stops it cleanly.",
          [this] {
            up_.data = common_.data;
            return up(up_);
          });
  add_data(command);
  up_.listen = "127.0.0.1:4599";
  command->add_option("--listen", up_.listen, "address and port; port 0 picks a free one")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  command
      ->add_option("--region", up_.regions,
                   "a region to install, may be repeated (first start: us-west-2 and us-east-1 without it; "
                   "the first "
                   "is the default)")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--account", up_.account, "the owner's account, at the first start (123456789012)")
      ->type_name("ID");
  command
      ->add_option("--seal-file", up_.seal_file,
                   "where the seal's key file lies, after you have moved it there (default: DIR/seal.key); "
                   "remembered")
      ->type_name("PATH");
  command
      ->add_option("--seal", up_.seal,
                   "at the first start: what protects the domain keys (key-file). Later: `coffer seal "
                   "change`")
      ->check(CLI::IsMember(kSeals))
      ->type_name("KIND");
  add_device(command, up_.device);
  add_secret_descriptor(command, "--unseal-fd", up_.unseal_fd);
  up_.crypto = "auto";
  command
      ->add_option(
          "--crypto", up_.crypto,
          "who encrypts volumes: auto, the fastest for this processor that is admitted at the start, "
          "or openssl, no cipher of ours")
      ->check(CLI::IsMember({"auto", "openssl"}))
      ->type_name("WHO")
      ->capture_default_str();
  up_.io = "auto";
  command
      ->add_option(
          "--io", up_.io,
          "how volumes' files are read and written: buffered by the page cache, direct beside it (for "
          "disks), or auto: buffered")
      ->check(CLI::IsMember({"auto", "buffered", "direct"}))
      ->type_name("HOW")
      ->capture_default_str();
  command
      ->add_option("--nbd-listen", up_.nbd_listen,
                   "serve attached volumes by NBD over TLS to clients with a certificate (see `coffer volume "
                   "certificate`); port 0 picks a free one")
      ->type_name("ADDRESS:PORT");
  command
      ->add_option("--vpc-endpoint", up_.vpc_endpoints,
                   "listen there too, for one network: calls that come this way have aws:SourceVpce (and "
                   "aws:SourceVpc); may be given again")
      ->type_name("VPCE-ID[/VPC-ID]=ADDRESS:PORT");
  command->add_flag("--tls", up_.tls, "serve HTTPS; required for an address that is not loopback");
  command->add_flag("--throttle", up_.throttle,
                    "hold volumes to the IOPS and throughput of their type (default: as fast as it goes)");
  command->add_flag("--kms-request-quotas", up_.kms_request_quotas,
                    "hold accounts to AWS's request quotas of KMS (default: as fast as it goes)");
  command
      ->add_option(
          "--xks-ca", up_.xks_ca,
          "certificates (PEM) of authorities that vouch for external key stores' proxies, beside the "
          "system's")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command
      ->add_option("--xks-connect", up_.xks_connect,
                   "where an external key store's proxy is found, instead of asking the name server and of "
                   "port 443; may be given again")
      ->type_name("HOST=ADDRESS:PORT");
  command
      ->add_option("--xks-timeout", up_.xks_timeout,
                   "how long an external key store's proxy may take to answer, in milliseconds")
      ->check(CLI::Range(10u, 10000u))
      ->type_name("MS")
      ->capture_default_str();
  command->add_flag("--development", up_.development, "at the first start: allow what only rehearsals need");
}

void CommandLine::add_clients() {
  CLI::App* command =
      add(&app_, "env", "print shell exports that point AWS programs here",
          "  eval \"$(coffer env --data ./data)\"\n  coffer env --data ./data --region us-east-1 --json",
          [this] { return env(common_, region_); });
  add_data(command);
  add_region(command);
  add_json(command);
  command = add(
      &app_, "exec", "run any AWS program, unmodified, against this installation: coffer exec -- COMMAND…",
      "  coffer exec -- aws ec2 describe-volumes\n"
      "  coffer exec --data /srv/coffer --region us-east-1 -- ansible-playbook volumes.yml\n"
      "Ends with the command's exit status (127: not found, 126: does not run).",
      [this] {
        if (!command_.empty()) return exec(common_, region_, command_);
        complain("exec needs a command after `--`, for example: coffer exec -- aws ec2 describe-volumes");
        return static_cast<int>(kUsage);
      });
  add_data(command);
  add_region(command);
}

void CommandLine::add_status() {
  CLI::App* command = add(&app_, "status", "show processes, seal, keys, volumes, attachments and warnings",
                          "  coffer status\n  coffer status --data /srv/coffer --json | jq .warnings",
                          [this] { return status(common_); });
  add_data(command);
  add_json(command);
  command =
      add(&app_, "doctor", "say what this machine offers, and how to mend what is missing",
          "  coffer doctor\n  coffer doctor --data /srv/coffer --json", [this] { return doctor(common_); });
  add_data(command);
  add_json(command);
  command =
      add(&app_, "bench", "measure what encryption costs on this machine",
          "  coffer bench\n  coffer bench --data /srv/coffer --json", [this] { return bench(common_); });
  add_data(command);
  add_json(command);
  command = add(&app_, "version", "print the release", "  coffer version\n  coffer version --json", [this] {
    print(common_.json ? "{\"version\":\"" + release_ + "\"}\n" : "coffer " + release_ + "\n");
    return static_cast<int>(kOk);
  });
  add_json(command);
}

void CommandLine::add_volume() {
  CLI::App* volume = app_.add_subcommand("volume", "about one volume");
  volume->require_subcommand(1);
  volume->footer(
      "Examples:\n  coffer volume uri vol-0123456789abcdef0\n  coffer volume why vol-0123456789abcdef0");
  CLI::App* command = add(volume, "uri", "print the NBD URI of an attached volume",
                          "  coffer volume uri vol-0123456789abcdef0\n"
                          "  nbdcopy --flush image.raw \"$(coffer volume uri vol-0123456789abcdef0)\"",
                          [this] { return volume_uri(common_, volume_id_); });
  add_volume_id(command);
  command =
      add(volume, "why", "tell why a volume or a snapshot failed, or what goes on with it, in words",
          "  coffer volume why vol-0123456789abcdef0\n  coffer volume why snap-0123456789abcdef0 --json",
          [this] { return volume_why(common_, volume_id_); });
  add_volume_id(command);
  add_rekey(volume);
  command = add(
      volume, "dm-table", "print the device-mapper table that opens a volume or a snapshot without Coffer",
      "  coffer volume dm-table vol-0123456789abcdef0\n"
      "  coffer volume dm-table snap-0123456789abcdef0 --device layer-0123456789abcdef0=/dev/loop0\n"
      "Needs no running installation. Keys are named, never printed: docs/format/opening-a-volume.md.",
      [this] { return volume_dm_table(common_, volume_id_, devices_); });
  command->add_option("ID", volume_id_, "vol-… or snap-…")->required();
  command
      ->add_option("--device", devices_,
                   "the block device over a layer's data file; once for each file, in their order")
      ->type_name("LAYER-ID=DEVICE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_data(command);
  command =
      add(volume, "certificate", "make a certificate with which a client opens a volume by NBD over TLS",
          "  coffer volume certificate vol-0123456789abcdef0 --out ./certificates\n"
          "  coffer volume certificate all --out ./certificates --days 7\n"
          "  nbdinfo \"$(coffer volume certificate vol-0123456789abcdef0 --out ./certificates)\"\n"
          "Writes ca-cert.pem, client-cert.pem and client-key.pem, as QEMU and libnbd expect them, and "
          "prints the URI.",
          [this] { return volume_certificate(common_, volume_id_, certificate_folder_, days_); });
  add_volume_id(command);
  command->add_option("--out", certificate_folder_, "the folder for the three files")
      ->type_name("DIR")
      ->required();
  command->add_option("--days", days_, "how long it is good for")
      ->type_name("N")
      ->check(CLI::Range(1, 825))
      ->capture_default_str();
}

void CommandLine::add_rekey(CLI::App* volume) {
  CLI::App* command =
      add(volume, "rekey", "put a volume under another key, in place, while I/O goes on",
          "  coffer volume rekey vol-0123456789abcdef0 --key alias/new --wait\n"
          "Afterwards nothing of the volume is under its old data keys; its snapshots stay under "
          "theirs.",
          [this] { return volume_rekey(common_, volume_id_, copy_.key, copy_.wait); });
  command
      ->add_option("--key", copy_.key,
                   "a KMS key's id, ARN or alias (default: a new data key under the present KMS key)")
      ->type_name("KEY");
  command->add_flag("--wait", copy_.wait, "until it is done, with progress");
  add_volume_id(command);
}

void CommandLine::add_snapshot() {
  CLI::App* snapshot = app_.add_subcommand("snapshot", "snapshots of volumes");
  snapshot->require_subcommand(1);
  snapshot->footer("Examples:\n  coffer snapshot list\n  coffer snapshot copy snap-0123456789abcdef0 --wait");
  CLI::App* command = add(snapshot, "list", "list the owner's snapshots of a region",
                          "  coffer snapshot list\n  coffer snapshot list --region us-east-1 --json",
                          [this] { return snapshot_list(common_, region_); });
  add_region(command);
  add_data(command);
  add_json(command);
  command = add(snapshot, "copy", "copy a snapshot, to another region or under another key",
                "  coffer snapshot copy snap-0123456789abcdef0 --to-region us-east-1 --wait\n"
                "  coffer snapshot copy snap-0123456789abcdef0 --key alias/archive --wait",
                [this] { return snapshot_copy(common_, volume_id_, copy_); });
  command->add_option("SNAPSHOT-ID", volume_id_, "snap-…")->required();
  command->add_option("--to-region", copy_.to_region, "an installed region (default: the snapshot's own)")
      ->type_name("NAME");
  command
      ->add_option("--key", copy_.key,
                   "a KMS key of that region (default: aws/ebs, where the copy is encrypted)")
      ->type_name("KEY");
  command->add_flag("--encrypted", copy_.encrypted, "encrypt the copy of an unencrypted snapshot");
  command->add_option("--description", copy_.description, "the copy's")->type_name("TEXT");
  command->add_flag("--wait", copy_.wait, "until it is done, with progress");
  add_data(command);
  add_json(command);
}

void CommandLine::add_volume_id(CLI::App* command) {
  command->add_option("VOLUME-ID", volume_id_, "vol-…")->required();
  add_data(command);
  add_json(command);
}

void CommandLine::add_account() {
  CLI::App* account = app_.add_subcommand("account", "accounts of this installation");
  account->require_subcommand(1);
  account->footer("Examples:\n  coffer account create --json\n  coffer account list");
  CLI::App* command = add(account, "create", "make another account, with nothing in common with the first",
                          "  coffer account create\n  coffer account create --id 210987654321 --json",
                          [this] { return account_create(common_, account_id_); });
  command->add_option("--id", account_id_, "twelve digits (default: a new one)")->type_name("ID");
  add_data(command);
  add_json(command);
  command = add(account, "list", "list the accounts", "  coffer account list\n  coffer account list --json",
                [this] { return account_list(common_); });
  add_data(command);
  add_json(command);
  command =
      add(account, "reopen", "open an account again that Organizations' CloseAccount closed",
          "  coffer account reopen 210987654321", [this] { return account_reopen(common_, account_id_); });
  command->add_option("ID", account_id_, "the account")->required();
  add_data(command);
  add_json(command);
}

void CommandLine::add_trail() {
  CLI::App* command =
      add(&app_, "trail", "show the newest audit records",
          "  coffer trail\n  coffer trail --newest 100 --json", [this] { return trail(common_, newest_); });
  command->add_option("--newest", newest_, "how many")
      ->type_name("N")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  add_data(command);
  add_json(command);
}

void CommandLine::add_clock() {
  CLI::App* clock = app_.add_subcommand("clock", "the clock of a development installation");
  clock->require_subcommand(1);
  clock->footer("Examples:\n  coffer clock advance 366d");
  CLI::App* command =
      add(clock, "advance", "let time pass, for rehearsals: rotations, deletions, expiry",
          "  coffer clock advance 36h\n  coffer clock advance 1y --json\n"
          "Does what is due by then, and stays ahead. Signatures go by the machine's own clock.",
          [this] { return clock_advance(common_, duration_); });
  command->add_option("DURATION", duration_, "a number and s, m, h, d or y (365 days)")->required();
  add_data(command);
  add_json(command);
}

int run(int argc, char** argv, const char* release) {
  std::vector<std::string> command = cut_command(argc, argv);
  return CommandLine(release, std::move(command)).run(argc, argv);
}

}  // namespace coffer::cli
