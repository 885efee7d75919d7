// SPDX-License-Identifier: Apache-2.0
// A vendor's PKCS#11 module in a process of its own: `p11-kit server` loads it; here is only p11-kit's client
// (PKCS #11 2.40, through p11-kit's remote protocol).
#pragma once
#include <p11-kit/pkcs11.h>
#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace coffer::sealer {

class Pkcs11Server {
 public:
  // Starts it and connects. kNotFound without the module or p11-kit; kUnavailable when the module does not
  // come up within ten seconds.
  static Result<std::unique_ptr<Pkcs11Server>> start(const std::string& module);
  ~Pkcs11Server();
  Pkcs11Server(const Pkcs11Server&) = delete;
  Pkcs11Server& operator=(const Pkcs11Server&) = delete;

  CK_FUNCTION_LIST& functions() { return *functions_; }

 private:
  Pkcs11Server() = default;
  Status connect(const std::string& module);

  std::string folder_;
  pid_t server_ = -1;
  void* client_ = nullptr;  // dlopen's
  CK_FUNCTION_LIST* functions_ = nullptr;
};

}  // namespace coffer::sealer
