// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "base/encoding.h"
#include "crypto/openssl_handle.h"
#include "crypto/random.h"

namespace coffer::crypto {
namespace {

using secret::RawAccess;
using secret::SecretBytes;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>>;
using GeneralName = std::unique_ptr<GENERAL_NAME, OpenSslFree<GENERAL_NAME_free>>;

constexpr int64_t kHour = 3600, kDay = 24 * kHour;
constexpr int64_t kCaDays = 3650;
constexpr size_t kLongestCommonName = 64;  // RFC 5280 appendix A.1, ub-common-name
constexpr size_t kLongestDnsName = 253;

tl::unexpected<Error> failed(std::string what) {
  ERR_clear_error();
  return fail(ErrorKind::kInternal, "X.509: cannot " + std::move(what));
}

KeyHandle load_private_key(const SecretBytes& der) {
  const ByteView raw = der.read(RawAccess::because("a certificate is signed"));
  const uint8_t* cursor = raw.data();
  return KeyHandle(d2i_AutoPrivateKey(nullptr, &cursor, static_cast<long>(raw.size())));
}

template <class Object>
Result<Bytes> encode(Object* object, int (*i2d)(const Object*, uint8_t**)) {
  const int size = i2d(object, nullptr);
  if (size <= 0) return failed("encode");
  Bytes der(static_cast<size_t>(size));
  uint8_t* cursor = der.data();
  i2d(object, &cursor);
  return der;
}

// RFC 5280 section 4.1.2.2: positive, at most 20 octets, unique for the issuer: 128 random bits are.
bool set_random_serial(X509* certificate) {
  Bytes serial = random_bytes(16);
  serial[0] |= 1;  // never zero
  const std::unique_ptr<BIGNUM, OpenSslFree<BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  return number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, Timestamp now, int64_t days) {
  const int64_t seconds = now.microseconds / 1000000;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds - kHour) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds + days * kDay) != nullptr;
}

bool set_common_name(X509* certificate, const std::string& name) {
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const uint8_t*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

// `value` is always a constant of ours: OpenSSL's little language for extensions takes no outside text.
bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool is_dns_name(const std::string& name) {
  if (name.empty() || name.size() > kLongestDnsName) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '*';
  });
}

GeneralName general_name(int type, ASN1_STRING* value) {
  GeneralName name(GENERAL_NAME_new());
  if (name == nullptr || value == nullptr) return nullptr;
  GENERAL_NAME_set0_value(name.get(), type, value);
  return name;
}

// Nothing when the text is neither an IP address nor a DNS name.
GeneralName subject_alternative_name(const std::string& text) {
  if (text.find('\0') != std::string::npos) return nullptr;  // inet_pton would read only the part before it
  uint8_t address[sizeof(in6_addr)];
  size_t size = 0;
  if (::inet_pton(AF_INET, text.c_str(), address) == 1) size = sizeof(in_addr);
  if (::inet_pton(AF_INET6, text.c_str(), address) == 1) size = sizeof(in6_addr);
  if (size != 0) {
    ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(octets, address, static_cast<int>(size));
    return general_name(GEN_IPADD, octets);
  }
  if (!is_dns_name(text)) return nullptr;
  ASN1_IA5STRING* name = ASN1_IA5STRING_new();
  ASN1_STRING_set(name, text.data(), static_cast<int>(text.size()));
  return general_name(GEN_DNS, name);
}

GeneralName uri_name(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_dns_name(std::string(1, c)) || c == ':';
  });
  if (!plain) return nullptr;
  ASN1_IA5STRING* name = ASN1_IA5STRING_new();
  ASN1_STRING_set(name, text.data(), static_cast<int>(text.size()));
  return general_name(GEN_URI, name);
}

Status add_subject_names(X509* certificate, const std::vector<std::string>& names,
                         GeneralName (*make)(const std::string&)) {
  if (names.empty()) return fail(ErrorKind::kInvalidArgument, "a certificate needs a name");
  const GeneralNames list(GENERAL_NAMES_new());
  for (const std::string& text : names) {
    GeneralName name = make(text);
    if (name == nullptr)
      return fail(ErrorKind::kInvalidArgument, "not a name that a certificate of this kind may have");
    sk_GENERAL_NAME_push(list.get(), name.release());
  }
  // RFC 5280 section 4.2.1.6: critical when the subject is empty, as it is when no name fits into it.
  const bool in_subject = names.front().size() <= kLongestCommonName;
  if (in_subject && !set_common_name(certificate, names.front())) return failed("set the subject");
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), in_subject ? 0 : 1,
                        X509V3_ADD_APPEND) != 1)
    return failed("set the names");
  return {};
}

Result<Bytes> sign(X509* certificate, EVP_PKEY* key) {
  if (X509_sign(certificate, key, sha256_digest()) <= 0) return failed("sign");
  return encode<X509>(certificate, i2d_X509);
}

}  // namespace

Result<PrivateKeyPair> make_p256_key_pair() {
  const KeyHandle key(EVP_EC_gen("P-256"));
  if (key == nullptr) return failed("make a key pair");
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslFree<PKCS8_PRIV_KEY_INFO_free>> info(
      EVP_PKEY2PKCS8(key.get()));
  const int size = info != nullptr ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : 0;
  if (size <= 0) return failed("encode a private key");
  PrivateKeyPair pair;
  pair.private_key_der = SecretBytes(static_cast<size_t>(size));
  uint8_t* cursor = pair.private_key_der.write(RawAccess::because("a new private key is encoded")).data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &cursor);
  COFFER_TRY(public_key, encode<EVP_PKEY>(key.get(), i2d_PUBKEY));
  pair.public_key_der = std::move(public_key);
  return pair;
}

Result<Bytes> make_ca_certificate(const SecretBytes& ca_private_key_der, const std::string& common_name,
                                  Timestamp now) {
  if (common_name.empty() || common_name.size() > kLongestCommonName)
    return fail(ErrorKind::kInvalidArgument, "a common name has 1 to 64 bytes");
  const KeyHandle key = load_private_key(ca_private_key_der);
  const Certificate certificate(X509_new());
  X509* x = certificate.get();
  if (key == nullptr || x == nullptr) return failed("read the CA's key");
  if (X509_set_version(x, X509_VERSION_3) != 1 || !set_random_serial(x) || !set_validity(x, now, kCaDays) ||
      !set_common_name(x, common_name) || X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 ||
      X509_set_pubkey(x, key.get()) != 1)
    return failed("fill in the CA certificate");
  if (!add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(x, x, NID_key_usage, "critical,keyCertSign") ||
      !add_extension(x, x, NID_subject_key_identifier, "hash") ||
      !add_extension(x, x, NID_authority_key_identifier, "keyid:always"))
    return failed("extend the CA certificate");
  return sign(x, key.get());
}

namespace {

struct Purpose {
  const char* extended_key_usage;
  GeneralName (*make_name)(const std::string&);
};

Result<Bytes> issue_certificate(const Purpose& purpose, const SecretBytes& ca_private_key_der,
                                ByteView ca_certificate_der, ByteView subject_public_key_der,
                                const std::vector<std::string>& names, Timestamp now, int days) {
  const uint8_t* ca_cursor = ca_certificate_der.data();
  const Certificate ca(d2i_X509(nullptr, &ca_cursor, static_cast<long>(ca_certificate_der.size())));
  const uint8_t* key_cursor = subject_public_key_der.data();
  const KeyHandle subject(d2i_PUBKEY(nullptr, &key_cursor, static_cast<long>(subject_public_key_der.size())));
  const KeyHandle ca_key = load_private_key(ca_private_key_der);
  const Certificate certificate(X509_new());
  X509* x = certificate.get();
  if (ca == nullptr || subject == nullptr || ca_key == nullptr || x == nullptr)
    return failed("read the CA or the subject's key");
  if (X509_check_private_key(ca.get(), ca_key.get()) != 1)
    return failed("match the CA's key and certificate");
  if (X509_set_version(x, X509_VERSION_3) != 1 || !set_random_serial(x) || !set_validity(x, now, days) ||
      X509_set_issuer_name(x, X509_get_subject_name(ca.get())) != 1 || X509_set_pubkey(x, subject.get()) != 1)
    return failed("fill in the certificate");
  COFFER_CHECK(add_subject_names(x, names, purpose.make_name));
  if (!add_extension(x, ca.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(x, ca.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(x, ca.get(), NID_ext_key_usage, purpose.extended_key_usage) ||
      !add_extension(x, ca.get(), NID_subject_key_identifier, "hash") ||
      !add_extension(x, ca.get(), NID_authority_key_identifier, "keyid:always"))
    return failed("extend the certificate");
  return sign(x, ca_key.get());
}

}  // namespace

Result<Bytes> issue_server_certificate(const SecretBytes& ca_private_key_der, ByteView ca_certificate_der,
                                       ByteView subject_public_key_der, const std::vector<std::string>& names,
                                       Timestamp now, int days) {
  return issue_certificate({"serverAuth", subject_alternative_name}, ca_private_key_der, ca_certificate_der,
                           subject_public_key_der, names, now, days);
}

Result<Bytes> issue_client_certificate(const SecretBytes& ca_private_key_der, ByteView ca_certificate_der,
                                       ByteView subject_public_key_der, const std::vector<std::string>& uris,
                                       Timestamp now, int days) {
  return issue_certificate({"clientAuth", uri_name}, ca_private_key_der, ca_certificate_der,
                           subject_public_key_der, uris, now, days);
}

std::string certificate_pem(ByteView certificate_der) {
  const std::string text = base64(certificate_der);
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (size_t i = 0; i < text.size(); i += 64) pem += text.substr(i, 64) + "\n";
  return pem + "-----END CERTIFICATE-----\n";
}

}  // namespace coffer::crypto
