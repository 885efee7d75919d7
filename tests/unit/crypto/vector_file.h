// SPDX-License-Identifier: Apache-2.0
// Reads tests/vectors/*.txt: one case a line, fields apart by a space, "-" for an empty one, # for comments.
#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

using VectorCase = std::vector<std::string>;

inline std::vector<VectorCase> vector_file(const std::string& name) {
  std::ifstream file(fmt::format("{}/tests/vectors/{}", COFFER_SOURCE_DIR, name));
  std::vector<VectorCase> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    cases.emplace_back(std::istream_iterator<std::string>(words), std::istream_iterator<std::string>());
  }
  EXPECT_FALSE(cases.empty()) << name;
  return cases;
}

inline Bytes bytes_of(const std::string& field) {
  if (field == "-") return {};
  const auto bytes = from_hex(field);
  EXPECT_TRUE(bytes) << field;
  return bytes.value_or(Bytes());
}

inline secret::SecretBytes secret_of(const std::string& field) {
  return secret::SecretBytes::copy_of(bytes_of(field));
}

inline Bytes revealed(const secret::SecretBytes& bytes) {
  return to_bytes(bytes.read(secret::RawAccess::because("a test compares the bytes")));
}

inline void flip_bit(Bytes& bytes, size_t bit) {
  bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
}

}  // namespace coffer::crypto
