// SPDX-License-Identifier: Apache-2.0
#include "xks/messages.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/encoding.h"
#include "crypto/mac.h"
#include "wire/json_text.h"

namespace coffer::xks {
namespace {

using wire::Value;

constexpr int kDeepest = 8;
constexpr size_t kMostKeyUsages = 10, kMostKeyManagers = 10;

void append(std::string& json, std::string_view name, std::string_view text) {
  json += json.back() == '{' ? "" : ",";
  wire::append_json_string(json, name);
  json += ':';
  wire::append_json_string(json, text);
}

void append_unless_empty(std::string& json, std::string_view name, std::string_view text) {
  if (!text.empty()) append(json, name, text);
}

// A request's body up to further members.
std::string opened(const RequestMetadata& metadata) {
  std::string json = R"({"requestMetadata":{)";
  append(json, "awsPrincipalArn", metadata.principal_arn.empty() ? "AWS Internal" : metadata.principal_arn);
  append_unless_empty(json, "kmsKeyArn", metadata.key_arn);
  append(json, "kmsOperation", metadata.operation);
  append(json, "kmsRequestId", metadata.request_id);
  append_unless_empty(json, "kmsViaService", metadata.via_service);
  return json + "}";
}

struct NamedFailure {
  std::string_view name;
  Failure failure;
};
constexpr std::array kNamedFailures = {
    NamedFailure{"ValidationException", Failure::kValidation},
    NamedFailure{"InvalidStateException", Failure::kInvalidState},
    NamedFailure{"InvalidCiphertextException", Failure::kInvalidCiphertext},
    NamedFailure{"InvalidKeyUsageException", Failure::kInvalidKeyUsage},
    NamedFailure{"AuthenticationFailedException", Failure::kAuthenticationFailed},
    NamedFailure{"AccessDeniedException", Failure::kAccessDenied},
    NamedFailure{"KeyNotFoundException", Failure::kKeyNotFound},
    NamedFailure{"InvalidUriPathException", Failure::kInvalidUriPath},
    NamedFailure{"UnsupportedOperationException", Failure::kUnsupportedOperation},
    NamedFailure{"DependencyTimeoutException", Failure::kDependencyTimeout},
    NamedFailure{"ThrottlingException", Failure::kThrottling},
    NamedFailure{"InternalException", Failure::kInternal},
};

const std::string* text_of(const Value& json, std::string_view name) {
  const Value* member = json.member(name);
  return member == nullptr ? nullptr : member->as<std::string>();
}

// The body of an answer without error.
Outcome<Value> read_answer(int status, std::string_view body) {
  auto json = wire::read_json(body, kDeepest);
  if (!json || json->as<wire::Members>() == nullptr) return tl::unexpected(Failure::kMalformed);
  if (status == 200) return std::move(*json);
  const std::string* name = text_of(*json, "errorName");
  const auto* known =
      name == nullptr ? kNamedFailures.end() : std::ranges::find(kNamedFailures, *name, &NamedFailure::name);
  return tl::unexpected(known == kNamedFailures.end() ? Failure::kMalformed : known->failure);
}

std::optional<Bytes> bytes_of(const Value& json, std::string_view name) {
  const std::string* text = text_of(json, name);
  return text == nullptr ? std::nullopt : from_base64(*text);
}

// The bytes that the proxy's integrity value covers, in this order.
bool integrity_holds(const Value& json, ByteView associated_data, const format::ExternallySealed& sealed) {
  const auto claimed = bytes_of(json, "ciphertextDataIntegrityValue");
  if (!claimed) return false;
  Bytes covered = to_bytes(associated_data);
  for (const Bytes* part : {&sealed.metadata, &sealed.iv, &sealed.ciphertext, &sealed.tag})
    covered.insert(covered.end(), part->begin(), part->end());
  return std::ranges::equal(*claimed, crypto::sha256(covered));
}

bool is_complete(const Value& json) {
  for (const char* name : {"xksProxyVendor", "xksProxyModel", "ekmVendor"})
    if (text_of(json, name) == nullptr) return false;
  const Value* size = json.member("xksProxyFleetSize");
  const int64_t* number = size == nullptr ? nullptr : size->as<int64_t>();
  return number != nullptr && *number > 0;
}

}  // namespace

std::string health_request(const RequestMetadata& metadata) {
  std::string json = R"({"requestMetadata":{)";
  append(json, "kmsRequestId", metadata.request_id);
  append(json, "kmsOperation", metadata.operation);
  return json + "}}";
}

std::string key_metadata_request(const RequestMetadata& metadata) {
  return opened(metadata) + "}";
}

std::string encrypt_request(const RequestMetadata& metadata, ByteView associated_data, ByteView plaintext) {
  std::string json = opened(metadata);
  append(json, "additionalAuthenticatedData", base64(associated_data));
  append(json, "plaintext", base64(plaintext));
  append(json, "encryptionAlgorithm", "AES_GCM");
  append(json, "ciphertextDataIntegrityValueAlgorithm", "SHA_256");
  return json + "}";
}

std::string decrypt_request(const RequestMetadata& metadata, ByteView associated_data,
                            const format::ExternallySealed& sealed) {
  std::string json = opened(metadata);
  append(json, "additionalAuthenticatedData", base64(associated_data));
  append(json, "encryptionAlgorithm", "AES_GCM");
  append(json, "ciphertext", base64(sealed.ciphertext));
  if (!sealed.metadata.empty()) append(json, "ciphertextMetadata", base64(sealed.metadata));
  append(json, "initializationVector", base64(sealed.iv));
  append(json, "authenticationTag", base64(sealed.tag));
  return json + "}";
}

Outcome<Health> parse_health(int status, std::string_view body) {
  auto json = read_answer(status, body);
  if (!json) return tl::unexpected(json.error());
  const Value* details = json->member("ekmFleetDetails");
  const auto* managers = details == nullptr ? nullptr : details->as<wire::List>();
  if (!is_complete(*json) || managers == nullptr || managers->empty() || managers->size() > kMostKeyManagers)
    return tl::unexpected(Failure::kMalformed);
  Health health;
  for (const Value& manager : *managers) {
    const std::string* state = text_of(manager, "healthStatus");
    if (state == nullptr || text_of(manager, "id") == nullptr || text_of(manager, "model") == nullptr)
      return tl::unexpected(Failure::kMalformed);
    if (*state != "ACTIVE" && *state != "DEGRADED" && *state != "UNAVAILABLE")
      return tl::unexpected(Failure::kMalformed);
    health.available |= *state != "UNAVAILABLE";
  }
  return health;
}

Outcome<KeyMetadata> parse_key_metadata(int status, std::string_view body) {
  auto json = read_answer(status, body);
  if (!json) return tl::unexpected(json.error());
  const std::string* spec = text_of(*json, "keySpec");
  const std::string* state = text_of(*json, "keyStatus");
  const Value* member = json->member("keyUsage");
  const auto* usages = member == nullptr ? nullptr : member->as<wire::List>();
  if (spec == nullptr || state == nullptr || usages == nullptr || usages->size() > kMostKeyUsages)
    return tl::unexpected(Failure::kMalformed);
  KeyMetadata metadata{.is_aes_256 = *spec == "AES_256", .enabled = *state == "ENABLED"};
  for (const Value& usage : *usages) {
    const auto* name = usage.as<std::string>();
    if (name == nullptr) return tl::unexpected(Failure::kMalformed);
    metadata.encrypts |= *name == "ENCRYPT";
    metadata.decrypts |= *name == "DECRYPT";
  }
  return metadata;
}

Outcome<format::ExternallySealed> parse_encrypted(int status, std::string_view body, ByteView associated_data,
                                                  size_t plaintext_size) {
  auto json = read_answer(status, body);
  if (!json) return tl::unexpected(json.error());
  auto ciphertext = bytes_of(*json, "ciphertext");
  auto iv = bytes_of(*json, "initializationVector");
  auto tag = bytes_of(*json, "authenticationTag");
  const Value* told = json->member("ciphertextMetadata");
  auto metadata = told == nullptr || told->absent() ? Bytes() : bytes_of(*json, "ciphertextMetadata");
  if (!ciphertext || !iv || !tag || !metadata || ciphertext->size() != plaintext_size)
    return tl::unexpected(Failure::kMalformed);
  format::ExternallySealed sealed{std::move(*iv), std::move(*metadata), std::move(*tag),
                                  std::move(*ciphertext)};
  if (!format::is_well_formed(sealed) || !integrity_holds(*json, associated_data, sealed))
    return tl::unexpected(Failure::kMalformed);
  return sealed;
}

Outcome<Bytes> parse_decrypted(int status, std::string_view body, size_t ciphertext_size) {
  auto json = read_answer(status, body);
  if (!json) return tl::unexpected(json.error());
  auto plaintext = bytes_of(*json, "plaintext");
  if (!plaintext || plaintext->size() != ciphertext_size) return tl::unexpected(Failure::kMalformed);
  return std::move(*plaintext);
}

}  // namespace coffer::xks
