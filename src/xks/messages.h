// SPDX-License-Identifier: Apache-2.0
// What AWS KMS and an external key store's proxy say to each other, as JSON bodies. Pure and bounded.
// Source: "External Key Store Proxy API Specification" (github.com/aws/aws-kms-xksproxy-api-spec), whose
// version 1 URIs the KMS API calls /kms/xks/v1.
#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "format/external_blob.h"

namespace coffer::xks {

// Why there is no answer, or another than was wanted.
enum class Failure {
  // What a proxy says.
  kValidation,
  kInvalidState,
  kInvalidCiphertext,
  kInvalidKeyUsage,
  kAuthenticationFailed,
  kAccessDenied,
  kKeyNotFound,
  kInvalidUriPath,
  kUnsupportedOperation,
  kDependencyTimeout,
  kThrottling,
  kInternal,
  // What is found without its help.
  kMalformed,    // an answer that is none
  kUnreachable,  // no connection
  kTls,          // no TLS connection, or the certificate does not verify
  kTimeout,
  kBusy,       // too many requests are under way from here
  kNotSigned,  // keyd is away: nothing was sent
};
template <class T>
using Outcome = tl::expected<T, Failure>;

// For whom and why a proxy is asked ("requestMetadata").
struct RequestMetadata {
  std::string principal_arn;  // whoever called KMS, or "AWS Internal"
  std::string key_arn;        // empty while there is no key
  std::string operation;      // of KMS: "Encrypt"
  std::string request_id;
  std::string via_service;  // "ec2.us-west-2.amazonaws.com"; empty: none
};

std::string health_request(const RequestMetadata& metadata);
std::string key_metadata_request(const RequestMetadata& metadata);
std::string encrypt_request(const RequestMetadata& metadata, ByteView associated_data, ByteView plaintext);
std::string decrypt_request(const RequestMetadata& metadata, ByteView associated_data,
                            const format::ExternallySealed& sealed);

struct Health {
  bool available = false;  // at least one external key manager serves
};
struct KeyMetadata {
  bool is_aes_256 = false, enabled = false, encrypts = false, decrypts = false;
};

// `status` and `body` of the proxy's HTTP answer.
Outcome<Health> parse_health(int status, std::string_view body);
Outcome<KeyMetadata> parse_key_metadata(int status, std::string_view body);
// As long as the plaintext was; the proxy's integrity value must fit (specification, appendix C).
Outcome<format::ExternallySealed> parse_encrypted(int status, std::string_view body, ByteView associated_data,
                                                  size_t plaintext_size);
// As long as the ciphertext was.
Outcome<Bytes> parse_decrypted(int status, std::string_view body, size_t ciphertext_size);

}  // namespace coffer::xks
