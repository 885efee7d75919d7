// SPDX-License-Identifier: Apache-2.0
#include "base/file_mapping.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <atomic>

#include "base/mapped_access.h"

namespace coffer {
namespace {

// Half of what a process can address on x86-64: more volumes than that are read by pread(2).
constexpr uint64_t kLargestTotal = uint64_t{64} << 40;
std::atomic<uint64_t> mapped_total{0};

bool is_memory(int descriptor) {
  struct statfs about {};
  if (::fstatfs(descriptor, &about) != 0) return false;
  return about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC;
}

}  // namespace

FileMapping::~FileMapping() {
  if (bytes_ == nullptr) return;
  ::munmap(bytes_, size_);
  mapped_total -= size_;
}

void FileMapping::map() {
  struct stat status {};
  if (!is_memory(descriptor_) || ::fstat(descriptor_, &status) != 0 || status.st_size <= 0) return;
  const auto size = static_cast<uint64_t>(status.st_size);
  if (mapped_total.fetch_add(size) + size > kLargestTotal) {
    mapped_total -= size;
    return;
  }
  catch_mapped_faults();
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (memory == MAP_FAILED) {
    mapped_total -= size;
    return;
  }
  ::madvise(memory, size, MADV_DONTDUMP);  // the volume's contents, also where they are not encrypted
  bytes_ = static_cast<uint8_t*>(memory);
  size_ = size;
}

MutableByteView FileMapping::view(uint64_t offset, uint64_t length) {
  std::call_once(once_, [this] { map(); });
  if (bytes_ == nullptr || offset >= size_) return {};
  return {bytes_ + offset, std::min(length, size_ - offset)};
}

}  // namespace coffer
