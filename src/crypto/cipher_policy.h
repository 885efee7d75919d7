// SPDX-License-Identifier: Apache-2.0
// Whose AES-256-XTS this process runs. Thread-safe but for set_cipher_policy.
#pragma once
#include <string>

namespace coffer::crypto {

struct XtsKernel;

enum class CipherPolicy {
  kAutomatic,    // the fastest kernel that this machine runs and that is admitted; else OpenSSL
  kOpensslOnly,  // no cipher of ours
};

// Automatic without it. To be called before anything is encrypted, and before other threads start; aborts
// when the choice has been made.
void set_cipher_policy(CipherPolicy policy);

// Who en- and decrypts sectors: "VAES-512", "VAES-256", "AES-NI" or "OpenSSL". The first call makes the
// choice and tries the kernels out (kernels/xts_admission.h).
std::string xts_provider();

const XtsKernel* admitted_kernel();  // null: OpenSSL. Chosen as for xts_provider().

}  // namespace coffer::crypto
