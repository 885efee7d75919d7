// SPDX-License-Identifier: Apache-2.0
#include "api/idempotency.h"

#include "base/encoding.h"
#include "crypto/mac.h"
#include "wire/value_json.h"

namespace coffer::api {

std::optional<IdempotentRequest> IdempotentRequest::of(const wire::Operation& operation,
                                                       const wire::Value& request, const std::string& account,
                                                       const std::string& region) {
  if (operation.idempotency_token.empty()) return std::nullopt;
  const wire::Value* token = request.member(operation.idempotency_token);
  const std::string* text = token == nullptr ? nullptr : token->as<std::string>();
  if (text == nullptr || text->empty()) return std::nullopt;

  wire::Members asked;
  for (const auto& [name, value] : *request.as<wire::Members>())
    if (name != operation.idempotency_token) asked.emplace_back(name, value);
  // The order in which a client wrote its members says nothing.
  std::ranges::stable_sort(asked, {}, &wire::Members::value_type::first);
  const std::string canonical = wire::encode_value(wire::Value(std::move(asked)));
  return IdempotentRequest{account, region, std::string(operation.name), *text,
                           hex(crypto::sha256(as_bytes(canonical)))};
}

Result<std::optional<wire::Value>> IdempotentRequest::find_answer(catalog::Catalog& catalog) const {
  std::optional<catalog::IdempotentAnswer> answer;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.idempotent_answer(account, region, operation, token));
    answer = std::move(row);
    return {};
  }));
  if (!answer) return std::optional<wire::Value>();
  if (answer->request_hash != hash)
    return fail(
        ErrorKind::kConflict,
        "The request uses the same client token as a previous, but non-identical request. Do not reuse a "
        "client token with different requests, unless the requests are identical",
        "IdempotentParameterMismatch");
  COFFER_TRY(value, wire::decode_value(answer->response));
  return std::optional(std::move(value));
}

Status IdempotentRequest::store_answer(catalog::Transaction& transaction, const wire::Value& response,
                                       Timestamp now) const {
  return transaction.insert_idempotent_answer(account, region, operation, token,
                                              {hash, wire::encode_value(response)}, now);
}

TokenLocks::Held TokenLocks::acquire(const IdempotentRequest& request) {
  // The parts cannot run into each other: only the token may hold a line break.
  std::string name =
      request.account + "\n" + request.region + "\n" + request.operation + "\n" + request.token;
  std::unique_lock lock(mutex_);
  released_.wait(lock, [&] { return !held_.contains(name); });
  held_.insert(name);
  return Held(*this, std::move(name));
}

void TokenLocks::release(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    held_.erase(name);
  }
  released_.notify_all();
}

}  // namespace coffer::api
