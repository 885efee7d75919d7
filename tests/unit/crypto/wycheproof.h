// SPDX-License-Identifier: Apache-2.0
// Project Wycheproof's verdicts and names of kinds, as tests/vectors/*_wycheproof.txt have them.
#pragma once
#include "crypto/hash.h"
#include "crypto/key_pair.h"
#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {

// "acceptable" may be taken or refused.
inline void expect_verdict(const VectorCase& test, bool accepted) {
  if (test[1] == "acceptable") return;
  EXPECT_EQ(accepted, test[1] == "valid") << test[0];
}

inline Hash hash_of(const std::string& name) {
  if (name == "SHA1") return Hash::kSha1;
  if (name == "SHA224") return Hash::kSha224;
  if (name == "SHA256") return Hash::kSha256;
  if (name == "SHA384") return Hash::kSha384;
  EXPECT_EQ(name, "SHA512");
  return Hash::kSha512;
}

inline KeyPairKind kind_of(const std::string& name) {
  if (name == "2048") return KeyPairKind::kRsa2048;
  if (name == "3072") return KeyPairKind::kRsa3072;
  if (name == "4096") return KeyPairKind::kRsa4096;
  if (name == "P256") return KeyPairKind::kP256;
  if (name == "P384") return KeyPairKind::kP384;
  if (name == "P521") return KeyPairKind::kP521;
  EXPECT_EQ(name, "P256K1");
  return KeyPairKind::kSecp256k1;
}

}  // namespace coffer::crypto
