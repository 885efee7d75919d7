// SPDX-License-Identifier: Apache-2.0
// libgcrypt, in which our algorithms are written a second time by others, as the differential tests ask it.
#pragma once
#include <gcrypt.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <memory>

#include "crypto/hash.h"
#include "crypto/key_pair.h"
#include "crypto/openssl_handle.h"

namespace coffer::crypto::gcrypt {

struct Release {
  void operator()(gcry_sexp_t expression) const { gcry_sexp_release(expression); }
  void operator()(gcry_mpi_t number) const { gcry_mpi_release(number); }
};
using Expression = std::unique_ptr<gcry_sexp, Release>;
using Number = std::unique_ptr<gcry_mpi, Release>;

// Once a process, before anything else.
inline void start() {
  static const bool started = [] {
    EXPECT_NE(gcry_check_version("1.10.0"), nullptr);
    gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
    gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0);  // its keys and nonces are thrown away
    return gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0) == 0;
  }();
  EXPECT_TRUE(started);
}

// A %b takes an int and a pointer.
template <class... Arguments>
Expression expression(const char* format, Arguments... arguments) {
  start();
  gcry_sexp_t built = nullptr;
  EXPECT_EQ(gcry_sexp_build(&built, nullptr, format, arguments...), 0u) << format;
  return Expression(built);
}

inline Number number(ByteView bytes) {
  start();
  gcry_mpi_t made = nullptr;
  EXPECT_EQ(gcry_mpi_scan(&made, GCRYMPI_FMT_USG, bytes.data(), bytes.size(), nullptr), 0u);
  return Number(made);
}

// Left-padded with zeros to `size`.
inline Bytes bytes_of_number(gcry_mpi_t number, size_t size) {
  Bytes raw(size + 8);
  size_t written = 0;
  EXPECT_EQ(gcry_mpi_print(GCRYMPI_FMT_USG, raw.data(), raw.size(), &written, number), 0u);
  EXPECT_LE(written, size);
  Bytes padded(size - written, 0);
  padded.insert(padded.end(), raw.begin(), raw.begin() + static_cast<ptrdiff_t>(written));
  return padded;
}

// The bytes of (name BYTES) somewhere in the expression.
inline Bytes data_of(const Expression& expression, const char* name) {
  const Expression found(gcry_sexp_find_token(expression.get(), name, 0));
  size_t size = 0;
  const char* data = found ? gcry_sexp_nth_data(found.get(), 1, &size) : nullptr;
  EXPECT_NE(data, nullptr) << name;
  return data == nullptr ? Bytes() : to_bytes(std::string_view(data, size));
}

inline Number number_of(const Expression& expression, const char* name) {
  const Expression found(gcry_sexp_find_token(expression.get(), name, 0));
  return Number(found ? gcry_sexp_nth_mpi(found.get(), 1, GCRYMPI_FMT_USG) : nullptr);
}

inline Bytes parameter(const PrivateKey& key, const char* name) {
  BIGNUM* raw = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key.handle(), name, &raw), 1);
  Bytes bytes(static_cast<size_t>(BN_num_bytes(raw)));
  BN_bn2bin(raw, bytes.data());
  BN_clear_free(raw);
  return bytes;
}

// The same RSA key for libgcrypt.
struct RsaKey {
  Expression public_key, private_key;
  explicit RsaKey(const PrivateKey& key) {
    const Number n = number(parameter(key, OSSL_PKEY_PARAM_RSA_N));
    const Number e = number(parameter(key, OSSL_PKEY_PARAM_RSA_E));
    const Number d = number(parameter(key, OSSL_PKEY_PARAM_RSA_D));
    Number p = number(parameter(key, OSSL_PKEY_PARAM_RSA_FACTOR1));
    Number q = number(parameter(key, OSSL_PKEY_PARAM_RSA_FACTOR2));
    if (gcry_mpi_cmp(p.get(), q.get()) > 0) std::swap(p, q);  // libgcrypt wants p < q, u = 1/p mod q
    const Number u(gcry_mpi_new(0));
    gcry_mpi_invm(u.get(), p.get(), q.get());
    public_key = expression("(public-key (rsa (n %m) (e %m)))", n.get(), e.get());
    private_key = expression("(private-key (rsa (n %m) (e %m) (d %m) (p %m) (q %m) (u %m)))", n.get(),
                             e.get(), d.get(), p.get(), q.get(), u.get());
  }
};

inline const char* name_of(Hash hash) {
  switch (hash) {
    case Hash::kSha1:
      return "sha1";
    case Hash::kSha224:
      return "sha224";
    case Hash::kSha256:
      return "sha256";
    case Hash::kSha384:
      return "sha384";
    case Hash::kSha512:
      return "sha512";
  }
  return "";
}

}  // namespace coffer::crypto::gcrypt
