// SPDX-License-Identifier: Apache-2.0
// The tables, and how a file written by an earlier release gets them. The file's version is SQLite's
// user_version; the table `migrations` tells when each step was taken.
#pragma once
#include <span>

#include "base/clock.h"
#include "catalog/connection.h"

namespace coffer::catalog {

struct Migration {
  int version;  // the file's version after it; consecutive from 1
  const char* sql;
};

// Every step there has been, oldest first. A step that was released is never changed.
std::span<const Migration> migrations();

// Takes the steps that the file lacks, each in a transaction. kTooNew if a later release wrote the file.
Status migrate(Connection& connection, std::span<const Migration> steps, Timestamp now);

}  // namespace coffer::catalog
