// SPDX-License-Identifier: Apache-2.0
// DIR/run: the sockets and notes of a running installation. A Unix socket's path has 107 bytes at most; where
// DIR is too long for DIR/run/nbd/vol-0123456789abcdef0.sock, DIR/run is a symbolic link to a private folder
// with a short name. So whoever binds or connects resolves DIR/run (realpath) first.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace coffer::cli {

// Longest folder path in which every socket's path fits.
size_t longest_run_folder();

// Makes DIR/run (or finds it again), with the folder nbd/ in it, and returns its resolved path. Call with the
// data folder's lock held. `short_parents`: where a private folder may be made, best first.
Result<std::string> prepare_run_folder(const std::string& folder,
                                       const std::vector<std::string>& short_parents);
// $XDG_RUNTIME_DIR if it is set, and /tmp.
std::vector<std::string> default_short_parents();

// The resolved path of an existing one.
Result<std::string> find_run_folder(const std::string& folder);

// After a clean stop: notes and sockets go, and so does a private folder.
void clear_run_folder(const std::string& folder);

// Small notes for other commands: "endpoint" (a URL), "vpc-endpoints", "processes". Replaced in one step;
// readable by the owner.
Status write_note(const std::string& run_folder, std::string_view name, std::string_view text);
// Empty when it is absent.
std::string read_note(const std::string& run_folder, std::string_view name);

}  // namespace coffer::cli
