// SPDX-License-Identifier: Apache-2.0
// The commands about keys: seal, kms, domain-key, backup and restore.
#include "cli/command_line_class.h"

namespace coffer::cli {

void CommandLine::add_device(CLI::App* command, DeviceOptions& device) {
  command
      ->add_option("--tpm-tcti", device.tcti,
                   "of a new TPM seal: how it is reached (default: tpm2-tss's own)")
      ->type_name("TCTI");
  command
      ->add_option("--tpm-pcrs", device.pcrs,
                   "of a new TPM seal: it opens only while these PCRs are as they are now")
      ->type_name("N,N…")
      ->capture_default_str();
  command->add_option("--pkcs11-module", device.module, "of a new PKCS#11 seal: the vendor's library")
      ->type_name("PATH");
  command->add_option("--pkcs11-token", device.token, "of a new PKCS#11 seal: the token's label")
      ->type_name("LABEL");
  command
      ->add_option("--pkcs11-key", device.label,
                   "of a new PKCS#11 seal: the label of the key pair that is made")
      ->type_name("LABEL")
      ->capture_default_str();
}

void CommandLine::add_secret_descriptor(CLI::App* command, const std::string& name, int& descriptor) {
  command
      ->add_option(
          name, descriptor,
          "read the passphrase or PIN from this descriptor, up to a line break (default: asked for on the "
          "terminal)")
      ->type_name("N")
      ->check(CLI::Range(0, 1023));
}

void CommandLine::add_seal() {
  CLI::App* seal = app_.add_subcommand("seal", "what protects the domain keys at rest");
  seal->require_subcommand(1);
  seal->footer("Examples:\n  coffer seal status\n  coffer seal change --to passphrase");
  CLI::App* command =
      add(seal, "status", "show the seal, and which domain keys there are",
          "  coffer seal status\n  coffer seal status --json", [this] { return seal_status(common_); });
  add_data(command);
  add_json(command);
  command = add(seal, "change", "put the domain keys under another seal, while everything runs",
                "  coffer seal change --to passphrase\n"
                "  coffer seal change --to key-file --seal-file /media/usb/coffer-seal.key\n"
                "The old seal still opens old copies of DIR/keyd: destroy it, or them.",
                [this] { return seal_change(common_, seal_); });
  command->add_option("--to", seal_.to, "key-file, passphrase, tpm or pkcs11")
      ->check(CLI::IsMember(kSeals))
      ->type_name("KIND")
      ->required();
  command->add_option("--seal-file", seal_.seal_file, "where the new key file is made; it must not exist")
      ->type_name("PATH");
  add_device(command, seal_.device);
  add_secret_descriptor(command, "--secret-fd", seal_.secret_fd);
  add_data(command);
  add_json(command);
}

void CommandLine::add_kms() {
  CLI::App* kms = app_.add_subcommand("kms", "what the KMS API cannot do for a key")->require_subcommand(1);
  CLI::App* command = add(kms, "reset-policy", "give a key the default policy again",
                          "  coffer kms reset-policy arn:aws:kms:us-west-2:123456789012:key/UUID",
                          [this] { return kms_reset_policy(common_, key_arn_); });
  command->add_option("ARN", key_arn_, "of a key whose own policy lets nobody in")->required();
  add_data(command);
  add_json(command);
  command = add(kms, "rewrap", "wrap the data keys of all volumes under the newest material of their keys",
                "  coffer kms rewrap\n  coffer kms rewrap --key UUID --json\n  coffer kms rewrap --report\n"
                "A rotation does not do it. Volumes go on meanwhile; it may be cut off and begun again.",
                [this] { return kms_rewrap(common_, key_arn_, report_only_); });
  command->add_option("--key", key_arn_, "of one KMS key only: its id or ARN")->type_name("KEY");
  command->add_flag("--report", report_only_, "only tell which volumes are under which version");
  add_data(command);
  add_json(command);
  command = add(kms, "dependents", "tell what nobody can read any more once a key is gone",
                "  coffer kms dependents arn:aws:kms:us-west-2:123456789012:key/UUID",
                [this] { return kms_dependents(common_, key_arn_); });
  command->add_option("KEY", key_arn_, "its id, ARN or alias")->required();
  add_data(command);
  add_json(command);
  add_hsm(kms);
}

void CommandLine::add_hsm(CLI::App* kms) {
  CLI::App* hsm = kms->add_subcommand("hsm", "PKCS#11 tokens as the clusters of custom key stores");
  hsm->require_subcommand(1);
  hsm->footer(
      "Examples:\n  coffer kms hsm add --module /usr/lib/softhsm/libsofthsm2.so --token vault\n"
      "  coffer kms hsm list");
  CLI::App* command = add(
      hsm, "add", "let KMS use a token, and print the cluster id that CreateCustomKeyStore takes",
      "  coffer kms hsm add --module /usr/lib/softhsm/libsofthsm2.so --token vault\n"
      "  coffer kms hsm add --module /opt/hsm/pkcs11.so --serial 0123456789 --trust-anchor customerCA.crt\n"
      "The module runs in a process of its own, as the user that keyd runs as.",
      [this] { return kms_hsm_add(common_, hsm_); });
  command->add_option("--cluster-id", hsm_.cluster_id, "cluster-… (default: one is made)")->type_name("ID");
  command->add_option("--module", hsm_.module, "the vendor's PKCS#11 library")->type_name("PATH")->required();
  command->add_option("--token", hsm_.token, "the token's label")->type_name("LABEL");
  command->add_option("--serial", hsm_.serial, "the token's serial number")->type_name("NUMBER");
  command
      ->add_option(
          "--trust-anchor", hsm_.trust_anchor,
          "the certificate, in PEM, that must be shown as TrustAnchorCertificate (default: any will do)")
      ->type_name("FILE");
  command
      ->add_option("--account", hsm_.account,
                   "the account whose key stores alone may use it (default: whoever may create key stores)")
      ->type_name("ID");
  add_data(command);
  add_json(command);
  command = add(hsm, "list", "the tokens that KMS may use", "  coffer kms hsm list --json",
                [this] { return kms_hsm_list(common_); });
  add_data(command);
  add_json(command);
  command = add(hsm, "remove", "no longer let KMS use a token; a key store that is connected stays so",
                "  coffer kms hsm remove cluster-234567abcde",
                [this] { return kms_hsm_remove(common_, hsm_.cluster_id); });
  command->add_option("CLUSTER-ID", hsm_.cluster_id, "cluster-…")->required();
  add_data(command);
}

void CommandLine::add_iam() {
  CLI::App* iam = app_.add_subcommand("iam", "what the IAM API cannot do")->require_subcommand(1);
  CLI::App* keys = iam->add_subcommand("oidc-keys", "the keys by which tokens of OpenID Connect are checked");
  keys->require_subcommand(1);
  keys->footer(
      "Examples:\n  coffer iam oidc-keys set https://token.example.com jwks.json\n"
      "  coffer iam oidc-keys list");
  CLI::App* command =
      add(keys, "set", "take these keys of an issuer, in place of those before",
          "  curl -s https://token.example.com/.well-known/jwks > jwks.json\n"
          "  coffer iam oidc-keys set https://token.example.com jwks.json\n"
          "AssumeRoleWithWebIdentity fetches nothing: when the issuer has new keys, give them again.",
          [this] { return issuer_keys_set(common_, issuer_url_, key_set_file_); });
  command->add_option("URL", issuer_url_, "of the provider, as CreateOpenIDConnectProvider takes it")
      ->required();
  command->add_option("FILE", key_set_file_, "a JWK Set; RSA keys and keys on P-256 count")->required();
  add_data(command);
  add_json(command);
  command = add(keys, "list", "show whose keys there are", "  coffer iam oidc-keys list --json",
                [this] { return issuer_keys_list(common_); });
  add_data(command);
  add_json(command);
  command = add(keys, "remove", "believe an issuer no longer",
                "  coffer iam oidc-keys remove https://token.example.com\n"
                "Sessions that are there go on; delete their role to end them.",
                [this] { return issuer_keys_remove(common_, issuer_url_); });
  command->add_option("URL", issuer_url_, "of the provider")->required();
  add_data(command);
}

void CommandLine::add_domain_key() {
  CLI::App* domain_key = app_.add_subcommand("domain-key", "the key that wraps all others");
  domain_key->require_subcommand(1);
  domain_key->footer("Examples:\n  coffer domain-key status\n  coffer domain-key rotate --wait");
  CLI::App* command = add(domain_key, "status", "show its versions, and how far a rotation has come",
                          "  coffer domain-key status\n  coffer domain-key status --json",
                          [this] { return domain_key_status(common_); });
  add_data(command);
  add_json(command);
  command = add(domain_key, "rotate", "make a new one, wrap everything anew, destroy the old one",
                "  coffer domain-key rotate --wait\n"
                "Everything goes on meanwhile. Afterwards old copies of the catalog open nothing.",
                [this] { return domain_key_rotate(common_, copy_.wait); });
  command->add_flag("--wait", copy_.wait, "until it is done, with progress");
  add_data(command);
  add_json(command);
}

void CommandLine::add_backup() {
  CLI::App* command =
      add(&app_, "backup", "write the catalog and the sealed domain keys into one encrypted file",
          "  coffer backup /backups/coffer.backup --with-domain-keys\n"
          "  coffer backup - --recovery-key /media/usb/recovery.key | ssh elsewhere 'cat > coffer.backup'\n"
          "  coffer backup /mnt/elsewhere/coffer --continuous --with-domain-keys\n"
          "Volumes' data is not in it: it lies in DIR/volumes, and is encrypted there.",
          [this] { return backup(common_, backup_); });
  command->add_flag("--with-domain-keys", backup_.with_domain_keys,
                    "so that it opens without the seal, by the recovery passphrase or key alone");
  CLI::Option* continuous = command->add_flag(
      "--continuous", backup_.continuous,
      "FILE is a folder; stay, and write each new key there before the call that makes it is "
      "answered. Without this command running no key is made any more");
  command->add_flag("--end-continuous", backup_.end_continuous, "keys are made without it again")
      ->excludes(continuous);
  command->add_flag("--replace", backup_.replace, "in place of the backup that FILE is already")
      ->excludes(continuous);
  add_recovery(command, "FILE (`-`: standard output)", false,
               "a key file instead of a passphrase; it is made unless it is there");
  command =
      add(&app_, "restore", "put a backup into an empty folder, or its catalog into a stopped installation",
          "  coffer restore /backups/coffer.backup --data /srv/coffer\n"
          "What is replaced is put aside. Volumes are not touched; those unknown to the backup are listed.",
          [this] { return restore(common_, backup_); });
  add_recovery(command, "FILE (`-`: standard input), or the folder of a continuous backup", true,
               "the key file that opens the backup");
}

void CommandLine::add_recovery(CLI::App* command, const std::string& file, bool required,
                               const std::string& key_file) {
  command->add_option("FILE", backup_.file, file)->required(required);
  CLI::Option* recovery_key =
      command->add_option("--recovery-key", backup_.recovery_key, key_file)->type_name("PATH");
  command
      ->add_option("--passphrase-fd", backup_.passphrase_fd,
                   "read the recovery passphrase from this descriptor (default: asked for on the terminal)")
      ->type_name("N")
      ->check(CLI::Range(0, 1023))
      ->excludes(recovery_key);
  add_data(command);
  add_json(command);
}

}  // namespace coffer::cli
