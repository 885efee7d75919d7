// SPDX-License-Identifier: Apache-2.0
// A catalog in a folder of its own.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "catalog/catalog.h"
#include "tests/unit/catalog/temporary_folder.h"

namespace coffer::catalog {

class CatalogFixture : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    catalog_.reset();
    auto opened = Catalog::open(folder_ / "catalog.db");
    ASSERT_TRUE(opened) << opened.error().message;
    catalog_ = std::move(*opened);
  }
  // Runs `body` as a writer that must succeed, then opens the file anew, so that what is read was stored.
  void stored(const std::function<Status(Transaction&)>& body) {
    const auto status = catalog_->write(body);
    ASSERT_TRUE(status) << status.error().message;
    open();
  }
  template <class T>
  T read(const std::function<Result<T>(Transaction&)>& body) {
    T value{};
    const auto status = catalog_->read([&](Transaction& transaction) -> Status {
      COFFER_TRY(found, body(transaction));
      value = std::move(found);
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return value;
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace coffer::catalog
