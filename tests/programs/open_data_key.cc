// SPDX-License-Identifier: Apache-2.0
// The test-only path to a data key: opens DIR's sealed domain keys, a key's token with them, and a wrapped
// data key with that. Prints the data key in hexadecimal. Nothing of this exists in the daemons.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "base/disk.h"
#include "base/encoding.h"
#include "format/ciphertext_blob.h"
#include "keys/backing_keys.h"
#include "keys/data_encryption.h"
#include "keys/domain_key_store.h"
#include "keys/key_file_seal.h"

namespace {

using namespace coffer;

constexpr const char* kUsage =
    "usage: open_data_key --data DIR --seal-file FILE --account ID --region NAME --key-id UUID --token "
    "BYTES\n"
    "                     --blob BYTES [NAME=VALUE]...\n"
    "BYTES is hexadecimal, or @FILE for a file's contents. NAME=VALUE is a pair of the encryption context.\n";

std::optional<Bytes> bytes_of(const std::string& argument) {
  if (!argument.starts_with('@')) return from_hex(argument);
  std::ifstream file(argument.substr(1), std::ios::binary);
  if (!file) return std::nullopt;
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

Result<std::string> open_data_key(std::map<std::string, std::string>& options,
                                  const format::EncryptionContext& context) {
  const auto token = bytes_of(options["--token"]);
  const auto blob = bytes_of(options["--blob"]);
  if (!token || !blob)
    return fail(ErrorKind::kInvalidArgument, "--token or --blob is no hexadecimal and no file");
  COFFER_TRY(seal, keys::load_key_file_seal(options["--seal-file"]));
  keys::DomainKeyStore store(system_disk(), options["--data"] + "/keyd");
  COFFER_TRY(domain_keys, store.load(*seal));
  COFFER_TRY(parsed, format::parse_ciphertext_blob(*blob));
  const format::WrappedBackingKey key{{options["--account"], options["--region"], options["--key-id"]},
                                      parsed.header.backing_key_version,
                                      *token};
  COFFER_TRY(backing_key, keys::open_backing_key(domain_keys, key));
  COFFER_TRY(data_key, keys::open_blob(backing_key, {key.binding.key_id, key.version},
                                       parsed.header.blob_class, context, *blob));
  return hex(data_key.read(secret::RawAccess::because("a test asked for the data key")));
}

}  // namespace

int main(int count, char** words) {
  std::map<std::string, std::string> options;
  format::EncryptionContext context;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const size_t equals = word.find('=');
    if (word.starts_with("--") && i + 1 < count) {
      options[word] = words[++i];
    } else if (equals != std::string::npos) {
      context[word.substr(0, equals)] = word.substr(equals + 1);
    } else {
      std::fputs(kUsage, stderr);
      return 2;
    }
  }
  for (const char* needed :
       {"--data", "--seal-file", "--account", "--region", "--key-id", "--token", "--blob"}) {
    if (options.contains(needed)) continue;
    std::fputs(kUsage, stderr);
    return 2;
  }
  const auto opened = open_data_key(options, context);
  if (!opened) {
    std::fprintf(stderr, "open_data_key: %s\n", opened.error().message.c_str());
    return 1;
  }
  std::puts(opened->c_str());
  return 0;
}
