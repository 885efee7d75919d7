// SPDX-License-Identifier: Apache-2.0
#include "api/hardening.h"

#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "base/disk.h"
#include "base/log.h"
#include "base/process_hardening.h"

namespace coffer::api {
namespace {

constexpr const char* kWrittenInPlace[] = {"/root-credentials", "/ca.pem"};

// What the C library (users' and hosts' names) and OpenSSL (authorities that vouch for external key stores'
// proxies) read of the system. Not all of /etc, where a seal's key file may lie, and no device but these.
constexpr const char* kOfTheSystem[] = {"/usr/lib",
                                        "/usr/lib32",
                                        "/usr/lib64",
                                        "/usr/share",
                                        "/lib",
                                        "/lib64",
                                        "/etc/ld.so.cache",
                                        "/etc/passwd",
                                        "/etc/resolv.conf",
                                        "/etc/hosts",
                                        "/etc/host.conf",
                                        "/etc/gai.conf",
                                        "/etc/services",
                                        "/run/systemd/resolve",
                                        "/etc/nsswitch.conf",
                                        "/etc/ssl/openssl.cnf",
                                        "/etc/ssl/certs",
                                        "/proc/self",
                                        "/dev/urandom",
                                        "/dev/random"};

// The write-ahead log first: without it the catalog would be an older one.
Status move_catalog(const std::string& data) {
  for (const char* suffix : {"-wal", "-shm", ""}) {
    const std::string before = data + "/catalog.db" + suffix;
    COFFER_TRY(there, system_disk().exists(before));
    if (there) COFFER_CHECK(system_disk().rename(before, catalog_path(data) + suffix));
  }
  return {};
}

}  // namespace

std::string catalog_path(const std::string& data) {
  return data + "/apid/catalog.db";
}

Status prepare_files(const std::string& data) {
  Disk& disk = system_disk();
  COFFER_CHECK(disk.make_directory(data + "/apid"));
  COFFER_CHECK(move_catalog(data));
  for (const char* name : kWrittenInPlace) {
    COFFER_TRY(file, disk.open(data + name, {.create = true}));
  }
  COFFER_CHECK(disk.flush_directory(data + "/apid"));
  return disk.flush_directory(data);
}

Status confine_apid(const std::string& data) {
  std::vector<FileAccess> allowed = {{data + "/apid", true}, {"/dev/null", true}};
  for (const char* name : kWrittenInPlace) allowed.push_back({data + name, true});
  for (const char* path : kOfTheSystem)
    if (::access(path, F_OK) == 0) allowed.push_back({path, false});
  // DIR/run may be a link to a short folder elsewhere.
  if (char* run = ::realpath((data + "/run").c_str(), nullptr); run != nullptr) {
    allowed.push_back({run, true});
    ::free(run);
  }
  COFFER_TRY(confinement, confine_files(allowed));
  if (confinement == Confinement::kNotOffered)
    log_warning("this kernel has no Landlock: apid's files are guarded by their permissions alone");
  return {};
}

}  // namespace coffer::api
