// SPDX-License-Identifier: Apache-2.0
// A consistent copy of a database that is in use.
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::catalog {

// `to` is made, mode 0600. Others go on reading and writing.
Status copy_database(const std::string& from, const std::string& to);

}  // namespace coffer::catalog
