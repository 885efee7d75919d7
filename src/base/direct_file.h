// SPDX-License-Identifier: Apache-2.0
// A file beside the page cache (O_DIRECT): for data that fills a disk, where caching it a second time, after
// the guest, would only cost memory and copies. Several reads go out at once by io_uring (read_ring.h) where
// there is one, by pread(2) one after the other where there is none.
#pragma once
#include <memory>
#include <string>

#include "base/disk.h"
#include "base/file_descriptor.h"

namespace coffer {

inline constexpr size_t kDirectAlignment = 4096;  // of offsets, lengths and memory

// `file` and `direct` are the same file, with and without the page cache. What is not aligned goes through
// `file`; memory that is not aligned, through an aligned piece.
std::unique_ptr<File> make_direct_file(std::unique_ptr<File> file, FileDescriptor direct, std::string path);

}  // namespace coffer
