// SPDX-License-Identifier: Apache-2.0
// The KMS encryption context, framed so that no two contexts share one encoding: pairs sorted by name (as
// std::map sorts), each name and each value with its length. {a: bc} and {ab: c} differ.
#pragma once
#include <map>
#include <string>

#include "base/bytes.h"

namespace coffer::format {
using EncryptionContext = std::map<std::string, std::string>;
Bytes frame(const EncryptionContext& context);

class Reader;
// Reads what frame() wrote; the reader fails unless the names are sorted and no name comes twice.
EncryptionContext read_framed_context(Reader& reader);
}  // namespace coffer::format
