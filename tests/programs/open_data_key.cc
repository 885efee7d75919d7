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
#include "seals/key_file_seal.h"

namespace {

using namespace coffer;

constexpr const char* kUsage =
    "usage: open_data_key --data DIR --seal-file FILE --account ID --region NAME --key-id UUID --token "
    "BYTES\n"
    "                     (--blob BYTES [--context NAME=VALUE]... | --print-backing-key [--version N])\n"
    "BYTES is hexadecimal, or @FILE for a file's contents. Prints the data key, or the backing key.\n";

struct Options {
  std::map<std::string, std::string> values;
  format::EncryptionContext context;
  bool backing_key = false;
};

std::optional<Bytes> bytes_of(const std::string& argument) {
  if (!argument.starts_with('@')) return from_hex(argument);
  std::ifstream file(argument.substr(1), std::ios::binary);
  if (!file) return std::nullopt;
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

std::string printed(const secret::SecretBytes& key) {
  return hex(key.read(secret::RawAccess::because("a test asked for the key")));
}

Result<std::string> open_key(Options& options) {
  auto& values = options.values;
  const auto token = bytes_of(values["--token"]);
  const auto blob = bytes_of(values["--blob"]);
  if (!token || !blob)
    return fail(ErrorKind::kInvalidArgument, "--token or --blob is no hexadecimal and no file");
  COFFER_TRY(seal, seals::load_key_file_seal(values["--seal-file"]));
  keys::DomainKeyStore store(system_disk(), values["--data"] + "/keyd");
  COFFER_TRY(domain_keys, store.load(*seal));
  format::WrappedBackingKey key{{values["--account"], values["--region"], values["--key-id"]}, 1, *token};
  if (options.backing_key) {
    if (values.contains("--version")) key.version = static_cast<uint32_t>(std::stoul(values["--version"]));
    COFFER_TRY(backing_key, keys::open_backing_key(domain_keys, key));
    return printed(backing_key);
  }
  COFFER_TRY(parsed, format::parse_ciphertext_blob(*blob));
  key.version = parsed.header.backing_key_version;
  COFFER_TRY(backing_key, keys::open_backing_key(domain_keys, key));
  COFFER_TRY(data_key, keys::open_blob(backing_key, {key.binding.key_id, key.version},
                                       parsed.header.blob_class, options.context, *blob));
  return printed(data_key);
}

std::optional<Options> parse_options(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--print-backing-key") {
      options.backing_key = true;
    } else if (!word.starts_with("--") || i + 1 >= count) {
      return std::nullopt;
    } else if (word == "--context") {
      const std::string pair = words[++i];
      const size_t equals = pair.find('=');
      if (equals == std::string::npos) return std::nullopt;
      options.context[pair.substr(0, equals)] = pair.substr(equals + 1);
    } else {
      options.values[word] = words[++i];
    }
  }
  for (const char* needed : {"--data", "--seal-file", "--account", "--region", "--key-id", "--token"})
    if (!options.values.contains(needed)) return std::nullopt;
  if (options.backing_key == options.values.contains("--blob")) return std::nullopt;
  return options;
}

}  // namespace

int main(int count, char** words) {
  auto options = parse_options(count, words);
  if (!options) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const auto opened = open_key(*options);
  if (!opened) {
    std::fprintf(stderr, "open_data_key: %s\n", opened.error().message.c_str());
    return 1;
  }
  std::puts(opened->c_str());
  return 0;
}
