// SPDX-License-Identifier: Apache-2.0
// The commands of `coffer`, their options and their help, as the command-line library has them. Internal to
// the files that read the command line: command_line.cc, and command_line_keys.cc for what concerns keys.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_code.h"

namespace coffer::cli {

// What --seal and --to take.
inline const std::vector<std::string> kSeals = {"key-file", "passphrase", "tpm", "pkcs11"};

// $COFFER_DATA, or ./data.
std::string default_data();

class CommandLine {
 public:
  explicit CommandLine(std::string release, std::vector<std::string> command);
  int run(int argc, char** argv);

 private:
  // What was wrong with the words on the command line, named, and where to read on.
  std::string usage_complaint(const CLI::ParseError& error);
  static std::string names_of(const std::vector<CLI::App*>& commands);
  CLI::App* add(CLI::App* to, const std::string& name, const std::string& what, const std::string& examples,
                std::function<int()> action);
  void add_data(CLI::App* command);
  void add_json(CLI::App* command);
  void add_region(CLI::App* command);
  void add_up();
  void add_clients();
  void add_status();
  void add_volume();
  void add_rekey(CLI::App* volume);
  void add_snapshot();
  void add_device(CLI::App* command, DeviceOptions& device);
  void add_secret_descriptor(CLI::App* command, const std::string& name, int& descriptor);
  void add_seal();
  void add_kms();
  void add_hsm(CLI::App* kms);
  void add_iam();
  void add_domain_key();
  void add_backup();
  void add_recovery(CLI::App* command, const std::string& file, bool required, const std::string& key_file);
  void add_volume_id(CLI::App* command);
  void add_account();
  void add_trail();
  void add_clock();
  void add_access();
  void add_question(CLI::App* command);

  CLI::App app_{"Coffer: encrypted block volumes and their keys, behind AWS's own APIs."};
  std::string release_;
  std::vector<std::string> command_;
  Common common_{.data = default_data()};
  UpOptions up_;
  std::string region_, volume_id_, account_id_, key_arn_, duration_;
  CopyOptions copy_;
  SealOptions seal_;
  BackupOptions backup_;
  HsmOptions hsm_;
  AccessOptions access_;
  std::vector<std::string> devices_;
  std::string issuer_url_, key_set_file_;
  bool report_only_ = false;
  std::string certificate_folder_;
  int newest_ = 20, days_ = 30;
  std::function<int()> action_ = [] { return static_cast<int>(kUsage); };
};

}  // namespace coffer::cli
