// SPDX-License-Identifier: Apache-2.0
// The commands of `coffer`, one file each. A command prints what it has to say (data on standard output, the
// rest on standard error) and returns its exit status (exit_code.h). The command line is read in
// command_line.cc.
#pragma once
#include <string>
#include <vector>

namespace coffer::cli {

// What every command that speaks to an installation takes.
struct Common {
  std::string data;   // --data DIR
  bool json = false;  // --json
};

// Where a seal's key is kept, if by a device.
struct DeviceOptions {
  std::string tcti;                                  // how the TPM is reached; empty: as the system says
  std::string pcrs = "7";                            // whose values the TPM asks for
  std::string module, token, label = "coffer-seal";  // PKCS#11
};

struct UpOptions {
  std::string data;
  std::string listen;
  std::vector<std::string> regions;
  std::string account;
  std::string seal_file;
  std::string seal;  // the kind, at initialisation; empty: a key file
  DeviceOptions device;
  int unseal_fd = -1;      // where the passphrase or PIN is read; -1: asked for on the terminal
  std::string crypto;      // "auto" or "openssl"
  std::string nbd_listen;  // NBD over TLS; empty: nowhere
  std::vector<std::string> vpc_endpoints;  // base/vpc_endpoint.h
  bool tls = false;
  std::string io;
  bool throttle = false;
  bool kms_request_quotas = false;
  std::string xks_ca;                    // a file of certificates
  std::vector<std::string> xks_connect;  // HOST=ADDRESS:PORT
  unsigned xks_timeout = 250;            // milliseconds
  bool development = false;
};
int up(const UpOptions& wishes);

int env(const Common& common, const std::string& region);
// Becomes the command; returns only when it cannot: 127 when there is no such program, 126 when it does not
// run.
int exec(const Common& common, const std::string& region, const std::vector<std::string>& command);
int status(const Common& common);
int doctor(const Common& common);
int bench(const Common& common);
int volume_uri(const Common& common, const std::string& volume_id);
int volume_why(const Common& common, const std::string& volume_id);
// `id`: a volume's or a snapshot's; `devices`: LAYER-ID=/dev/….
int volume_dm_table(const Common& common, const std::string& id, const std::vector<std::string>& devices);
// Writes ca-cert.pem, client-cert.pem and client-key.pem into `folder`. `volume_id`: "all" for every volume.
int volume_certificate(const Common& common, const std::string& volume_id, const std::string& folder,
                       int days);
// Under another KMS key (empty: a new data key under the present one), in place.
int volume_rekey(const Common& common, const std::string& volume_id, const std::string& key, bool wait);

int snapshot_list(const Common& common, const std::string& region);
struct CopyOptions {
  std::string to_region;  // empty: where the snapshot is
  std::string key, description;
  bool encrypted = false, wait = false;
};
int snapshot_copy(const Common& common, const std::string& snapshot_id, const CopyOptions& options);
struct SealOptions {
  std::string to;         // the kind
  std::string seal_file;  // of a key file, made by the change
  DeviceOptions device;
  int secret_fd = -1;  // where the new passphrase is read; -1: asked for on the terminal
};
int seal_status(const Common& common);
int seal_change(const Common& common, const SealOptions& options);

struct BackupOptions {
  std::string file;          // "-": standard output or input; of a continuous backup, its folder
  std::string recovery_key;  // the path of a key file; empty: a passphrase
  int passphrase_fd = -1;    // where it is read; -1: asked for on the terminal
  bool with_domain_keys = false;
  bool continuous = false, end_continuous = false;
  bool replace = false;  // a backup that is there already
};
// Writes a whole backup, then each new key's rows before its call is answered, until SIGTERM or SIGINT.
int backup_continuously(const Common& common, const BackupOptions& options);
int end_continuous_backup(const Common& common);
int backup(const Common& common, const BackupOptions& options);
int restore(const Common& common, const BackupOptions& options);

int kms_reset_policy(const Common& common, const std::string& key_arn);
// The public keys of OpenID Connect issuers; `file`: a JWK Set.
int issuer_keys_set(const Common& common, const std::string& url, const std::string& file);
int issuer_keys_list(const Common& common);
int issuer_keys_remove(const Common& common, const std::string& url);
int domain_key_status(const Common& common);
int domain_key_rotate(const Common& common, bool wait);

int account_create(const Common& common, const std::string& account_id);
int account_list(const Common& common);
int account_reopen(const Common& common, const std::string& account_id);
int trail(const Common& common, int newest);
// Under the newest material of their KMS keys, or of one: all data keys of volumes. With a report of what is
// under which version, which alone is given with `report_only`.
int kms_rewrap(const Common& common, const std::string& key, bool report_only);
int kms_dependents(const Common& common, const std::string& key);
// Tokens that custom key stores may use (format/hsm_clusters.h).
struct HsmOptions {
  std::string cluster_id;  // empty: one is made
  std::string module, token, serial;
  std::string trust_anchor;  // a PEM file; empty: none is asked for
  std::string account;       // whose key stores alone may use it; empty: any account's
};
int kms_hsm_add(const Common& common, const HsmOptions& options);
int kms_hsm_list(const Common& common);
int kms_hsm_remove(const Common& common, const std::string& cluster_id);
// A decision that is asked about. `context`: KEY=VALUE, condition keys.
struct AccessOptions {
  std::string principal, action, resource;
  std::vector<std::string> context;
};
int explain(const Common& common, const AccessOptions& options);
int who_can(const Common& common, const AccessOptions& options);
// `duration`: "90d". Only in a development installation.
int clock_advance(const Common& common, const std::string& duration);

// argv as main got it, and the release's version.
int run(int argc, char** argv, const char* release);

}  // namespace coffer::cli
