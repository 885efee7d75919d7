// SPDX-License-Identifier: Apache-2.0
// Client tokens. A repeated request gets the first one's answer, another request under the same token
// IdempotentParameterMismatch. The answer is stored in the transaction of the change that it answers;
// requests with the same token wait for each other. Source: EC2 API Reference, "Ensuring idempotency in
// Amazon EC2 API requests".
#pragma once
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "catalog/catalog.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::api {

// Names what a client token stands for, and what was asked under it.
struct IdempotentRequest {
  std::string account, region, operation, token;
  std::string hash;  // of the request without the token

  // Nothing when the operation takes no token, or the request has none.
  static std::optional<IdempotentRequest> of(const wire::Operation& operation, const wire::Value& request,
                                             const std::string& account, const std::string& region);
  // The stored answer, if the request was made before; IdempotentParameterMismatch if another was.
  Result<std::optional<wire::Value>> find_answer(catalog::Catalog& catalog) const;
  Status store_answer(catalog::Transaction& transaction, const wire::Value& response, Timestamp now) const;
};

// One request at a time for a token. Thread-safe.
class TokenLocks {
 public:
  class Held {
   public:
    Held() = default;
    Held(TokenLocks& locks, std::string name) : locks_(&locks), name_(std::move(name)) {}
    Held(Held&& other) noexcept
        : locks_(std::exchange(other.locks_, nullptr)), name_(std::move(other.name_)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (locks_ != nullptr) locks_->release(name_);
    }

   private:
    TokenLocks* locks_ = nullptr;
    std::string name_;
  };
  // Waits until no other request with this token is under way.
  Held acquire(const IdempotentRequest& request);

 private:
  void release(const std::string& name);

  std::mutex mutex_;
  std::condition_variable released_;
  std::set<std::string> held_;
};

}  // namespace coffer::api
