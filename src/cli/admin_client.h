// SPDX-License-Identifier: Apache-2.0
// Asking the running installation over DIR/run/admin.sock: one JSON object a line, one answer a line
// (docs/CLI.md). Who asks is read by apid from the socket's peer credentials.
#pragma once
#include <string>

#include "base/result.h"
#include "cli/document.h"

namespace coffer::cli {

// The data folder, its run folder, and proof that somebody serves it (kUnavailable otherwise).
struct Served {
  std::string folder, run_folder;
};
Result<Served> find_served(const std::string& data);

// `request` has the member "command". The answer's "result", or its error with AWS's code.
// kUnavailable: nobody listens; kIo: no answer within `patience_ms`.
Result<Document> ask(const Served& served, const Document& request, int patience_ms = 30000);

// The reply line's meaning; pure.
Result<Document> parse_reply(std::string_view line);

}  // namespace coffer::cli
