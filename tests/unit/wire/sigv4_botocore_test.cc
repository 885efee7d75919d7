// SPDX-License-Identifier: Apache-2.0
// Does the check agree with botocore, on requests that it signs at random?
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "base/encoding.h"
#include "wire/sigv4.h"
#include "wire/sigv4_canonical.h"
#include "wire/sigv4_sign.h"

namespace coffer::wire {
namespace {

struct SignedRequest {
  std::string secret, date, region, service;
  Timestamp time;
  HttpRequest request;
};

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts(1);
  for (char c : line) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::vector<SignedRequest> signed_by_botocore(unsigned seed, int count) {
  const std::string command = fmt::format("/usr/bin/python3 {}/tests/unit/wire/botocore_sign.py {} {}",
                                          COFFER_SOURCE_DIR, seed, count);
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  char buffer[65536];
  for (size_t size; pipe && (size = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.append(buffer, size);
  if (pipe) ::pclose(pipe);

  std::vector<SignedRequest> requests;
  for (const std::string& line : split(output, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() < 9) continue;
    SignedRequest entry{fields[0], fields[1], fields[2], fields[3], {}, {}};
    entry.time = parse_basic_iso8601(fields[4]).value_or(Timestamp{});
    entry.request.method = fields[5];
    entry.request.set_target(fields[6]);
    entry.request.body = from_hex(fields[7]).value_or(Bytes{});
    for (size_t i = 8; i < fields.size(); ++i) {
      const std::string field(as_text(from_base64(fields[i]).value_or(Bytes{})));
      const size_t equals = field.find('=');
      entry.request.headers.add(field.substr(0, equals), field.substr(equals + 1));
    }
    requests.push_back(std::move(entry));
  }
  return requests;
}

TEST(SigV4Botocore, WhatBotocoreSignedIsAcceptedAndNothingElse) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  constexpr int count = 300;
  auto requests = signed_by_botocore(seed, count);
  ASSERT_EQ(requests.size(), static_cast<size_t>(count));
  int presigned = 0;
  for (auto& [secret, date, region, service, time, request] : requests) {
    SCOPED_TRACE(request.method + " " + request.target);
    const auto claim = parse_claim(request);
    ASSERT_TRUE(claim) << claim.error().message;
    ASSERT_TRUE(*claim);
    presigned += (*claim)->presigned;
    EXPECT_EQ((*claim)->region, region);
    EXPECT_EQ((*claim)->service, service);
    const auto key =
        derive_signing_key(secret::SecretBytes::copy_of(as_bytes(secret)), {date, region, service});
    const auto status = verify(request, **claim, key, {time});
    EXPECT_TRUE(status) << status.error().message;
    request.body.push_back('!');
    EXPECT_FALSE(verify(request, **claim, key, {time}));
  }
  EXPECT_GT(presigned, 0);
}

}  // namespace
}  // namespace coffer::wire
