// SPDX-License-Identifier: Apache-2.0
// Passphrases and PINs as people give them: typed at the terminal without echo, or through a descriptor.
// Never in an argument or the environment, where others can read them.
#pragma once
#include <string>

#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::cli {

// Up to the first line break or the end, at most 4096 bytes. kInvalidArgument when it is empty or longer, or
// the descriptor is not open.
Result<secret::SecretBytes> read_secret(int descriptor);

// Asks on /dev/tty. kInvalidArgument without a terminal; kUnavailable when it would echo.
Result<secret::SecretBytes> ask_for_secret(const std::string& prompt);
// Twice, until both are the same.
Result<secret::SecretBytes> ask_for_new_secret(const std::string& prompt);

}  // namespace coffer::cli
