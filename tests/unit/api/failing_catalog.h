// SPDX-License-Identifier: Apache-2.0
// A catalog that fails at the worst moment.
#pragma once
#include <atomic>

#include "catalog/catalog.h"

namespace coffer::api {

// The real one, but for what is told to fail.
class FailingCatalog : public catalog::Catalog {
 public:
  explicit FailingCatalog(catalog::Catalog& real) : real_(real) {}
  Status write(const std::function<Status(catalog::Transaction&)>& body, catalog::Urgency urgency) override {
    if (--writes_until_failure == 0) return fail(ErrorKind::kNoSpace, "injected");
    return real_.write(body, urgency);
  }
  Status read(const std::function<Status(catalog::Transaction&)>& body) override { return real_.read(body); }
  Status append_trail(const catalog::TrailEvent& event) override {
    return write([&](catalog::Transaction& transaction) { return transaction.append_trail(event); },
                 catalog::Urgency::kOrdinary);
  }
  uint64_t generation() const override { return real_.generation(); }
  Status erase_deleted() override {
    if (++erasures <= erasures_that_fail) return fail(ErrorKind::kUnavailable, "injected");
    return real_.erase_deleted();
  }
  std::atomic<int> writes_until_failure = -1, erasures = 0, erasures_that_fail = 0;

 private:
  catalog::Catalog& real_;
};

}  // namespace coffer::api
