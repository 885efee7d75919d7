// SPDX-License-Identifier: Apache-2.0
#include "base/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/direct_file.h"
#include "base/file_descriptor.h"
#include "base/file_mapping.h"
#include "base/log.h"

namespace coffer {
namespace {

class SystemFile final : public File {
 public:
  SystemFile(FileDescriptor fd, std::string path)
      : fd_(std::move(fd)), path_(std::move(path)), mapping_(fd_.get()) {}

  Status read(uint64_t offset, MutableByteView out) override {
    Status status = read_at(fd_.get(), offset, out);
    if (!status) status.error().message += " (" + path_ + ")";
    return status;
  }

  Status write(uint64_t offset, ByteView data) override {
    while (!data.empty()) {
      const ssize_t put = ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return fail_errno("write " + path_);
      data = data.subspan(static_cast<size_t>(put));
      offset += static_cast<uint64_t>(put);
    }
    return {};
  }

  Status flush() override {
    if (::fdatasync(fd_.get()) != 0) return fail_errno("fdatasync " + path_);
    return {};
  }

  Status punch_hole(uint64_t offset, uint64_t length) override {
    if (::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(length)) != 0)
      return fail_errno("fallocate " + path_);
    return {};
  }

  Status allocate(uint64_t offset, uint64_t length) override {
    if (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(length)) !=
        0) {
      // A file system that cannot reserve: later writes take their chance, as anywhere else there.
      if (errno == EOPNOTSUPP) return {};
      return fail_errno("fallocate " + path_);
    }
    return {};
  }

  Status truncate(uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return fail_errno("truncate " + path_);
    return {};
  }

  Result<uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return fail_errno("stat " + path_);
    return static_cast<uint64_t>(status.st_size);
  }

  Result<uint64_t> next_data(uint64_t offset) override {
    const off_t found = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
    if (found >= 0) return static_cast<uint64_t>(found);
    if (errno == ENXIO) return size();
    return fail_errno("seek " + path_);
  }

  ByteView mapped(uint64_t offset, uint64_t length) override { return mapping_.view(offset, length); }
  MutableByteView mapped_for_writing(uint64_t offset, uint64_t length) override {
    return mapping_.view(offset, length);
  }

 private:
  FileDescriptor fd_;
  std::string path_;
  FileMapping mapping_;
};

class SystemDisk final : public Disk {
 public:
  explicit SystemDisk(bool direct) : direct_(direct) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC | O_NOFOLLOW | (mode.read_only ? O_RDONLY : O_RDWR);
    if (mode.create) flags |= O_CREAT;
    if (mode.exclusive) flags |= O_EXCL;
    FileDescriptor fd(::open(path.c_str(), flags, 0600));
    if (!fd.valid()) return fail_errno("open " + path);
    auto file = std::make_unique<SystemFile>(std::move(fd), path);
    if (!direct_ || !mode.bulk) return file;
    FileDescriptor beside(::open(path.c_str(), (flags & ~(O_CREAT | O_EXCL)) | O_DIRECT));
    if (beside.valid()) return make_direct_file(std::move(file), std::move(beside), path);
    if (errno != EINVAL) return fail_errno("open " + path);
    if (!refusal_logged_.exchange(true))
      log_warning("the file system of {} refuses direct I/O: it is done through the page cache", path);
    return file;
  }

  Status make_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("mkdir " + path);
    return {};
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename " + from + " to " + to);
    return {};
  }

  Status remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) return fail_errno("remove " + path);
    return {};
  }

  Status flush_directory(const std::string& path) override {
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno("open " + path);
    if (::fsync(fd.get()) != 0) return fail_errno("fsync " + path);
    return {};
  }

  Status flush_all(const std::string& path) override {
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno("open " + path);
    if (::syncfs(fd.get()) != 0) return fail_errno("syncfs " + path);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return fail_errno("opendir " + path);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<bool> exists(const std::string& path) override {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return fail_errno("stat " + path);
  }

 private:
  const bool direct_;
  std::atomic<bool> refusal_logged_ = false;
};

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Disk& system_disk() {
  static SystemDisk disk(false);
  return disk;
}

Disk& direct_disk() {
  static SystemDisk disk(true);
  return disk;
}

Result<Bytes> read_file(Disk& disk, const std::string& path, uint64_t largest) {
  COFFER_TRY(file, disk.open(path, {.read_only = true}));
  COFFER_TRY(size, file->size());
  if (size > largest) return fail(ErrorKind::kLimitExceeded, path + " is larger than expected");
  Bytes contents(size);
  COFFER_CHECK(file->read(0, contents));
  return contents;
}

namespace {

Status write_aside_and_rename(Disk& disk, const std::string& path, const std::string& aside,
                              ByteView contents) {
  {
    // A file of our own: one that somebody laid there could be open to him while a secret is written to it.
    COFFER_TRY(left_over, disk.exists(aside));
    if (left_over) COFFER_CHECK(disk.remove(aside));
    COFFER_TRY(file, disk.open(aside, {.create = true, .exclusive = true}));
    COFFER_CHECK(file->write(0, contents));
    COFFER_CHECK(file->flush());
  }
  COFFER_CHECK(disk.rename(aside, path));
  return disk.flush_directory(parent_of(path));
}

}  // namespace

Status replace_file(Disk& disk, const std::string& path, ByteView contents) {
  const std::string aside = path + ".new";
  Status replaced = write_aside_and_rename(disk, path, aside, contents);
  if (replaced) return replaced;
  // People know the file by its own name.
  std::string& message = replaced.error().message;
  if (const size_t at = message.find(aside); at != std::string::npos) message.replace(at, aside.size(), path);
  return replaced;
}

}  // namespace coffer
