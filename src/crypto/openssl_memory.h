// SPDX-License-Identifier: Apache-2.0
#pragma once
namespace coffer::crypto {
// Puts all of OpenSSL's own allocations (EVP contexts hold key schedules) into the secret arena. Must be
// called first thing in main, before anything of OpenSSL runs; aborts otherwise. keyd and volumed do.
// From then on OpenSSL reads no configuration file either, which could load foreign code.
void use_arena_for_openssl();
}  // namespace coffer::crypto
