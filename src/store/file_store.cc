// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "store/segmented_range.h"
#include "store/store.h"

namespace coffer::store {
namespace {

class FileStore final : public Store {
 public:
  FileStore(Disk& disk, std::string root, uint64_t segment_size)
      : disk_(disk), root_(std::move(root)), segment_size_(segment_size) {}

  Status create_folder(const std::string& folder) override {
    COFFER_CHECK(disk_.make_directory(path_of(folder)));
    return disk_.flush_directory(root_);
  }

  Status remove_folder(const std::string& folder) override {
    COFFER_TRY(there, disk_.exists(path_of(folder)));
    if (!there) return disk_.flush_directory(root_);
    COFFER_CHECK(clear_folder(folder));
    COFFER_CHECK(disk_.remove(path_of(folder)));
    return disk_.flush_directory(root_);
  }

  Result<std::vector<std::string>> folders() override { return disk_.list(root_); }

  Status clear_folder(const std::string& folder) override {
    COFFER_TRY(names, disk_.list(path_of(folder)));
    for (const std::string& name : names) COFFER_CHECK(disk_.remove(path_of(folder, name)));
    return disk_.flush_directory(path_of(folder));
  }

  Status flush_all() override { return disk_.flush_all(root_); }

  Result<std::unique_ptr<ByteRange>> create_range(const std::string& folder, const std::string& name,
                                                  uint64_t size, Layout layout) override {
    COFFER_TRY(range, open_segments(folder, name, size, layout, {.create = true, .exclusive = true}));
    COFFER_CHECK(range->lengthen());
    COFFER_CHECK(range->flush());
    COFFER_CHECK(disk_.flush_directory(path_of(folder)));
    return std::unique_ptr<ByteRange>(std::move(range));
  }

  Result<std::unique_ptr<ByteRange>> open_range(const std::string& folder, const std::string& name,
                                                uint64_t size, Layout layout) override {
    COFFER_TRY(range, open_segments(folder, name, size, layout, {}));
    COFFER_CHECK(range->check_sizes());
    return std::unique_ptr<ByteRange>(std::move(range));
  }

  Status grow_range(const std::string& folder, const std::string& name, uint64_t size,
                    Layout layout) override {
    COFFER_TRY(range, open_segments(folder, name, size, layout, {.create = true}));
    COFFER_CHECK(range->lengthen());
    return disk_.flush_directory(path_of(folder));
  }

  Status move_range(const std::string& folder, const std::string& name, const std::string& to_folder,
                    const std::string& to_name, uint64_t size, Layout layout) override {
    for (size_t i = 0; i < segment_count(size, layout); ++i) {
      const std::string from = segment_path(folder, name, i, layout);
      COFFER_TRY(there, disk_.exists(from));
      if (there) COFFER_CHECK(disk_.rename(from, segment_path(to_folder, to_name, i, layout)));
    }
    COFFER_CHECK(disk_.flush_directory(path_of(to_folder)));
    return disk_.flush_directory(path_of(folder));
  }

  Result<Bytes> read_document(const std::string& folder, const std::string& name) override {
    const std::string path = path_of(folder, name);
    COFFER_TRY(there, disk_.exists(path));
    if (!there) return fail(ErrorKind::kNotFound, path + " does not exist");
    return read_file(disk_, path);
  }

  Status replace_document(const std::string& folder, const std::string& name, ByteView contents) override {
    return replace_file(disk_, path_of(folder, name), contents);
  }

  Status erase_document(const std::string& folder, const std::string& name) override {
    // The copy written aside may have stayed behind after a crash, with the same secrets in it.
    COFFER_CHECK(erase_file(path_of(folder, name)));
    COFFER_CHECK(erase_file(path_of(folder, name) + ".new"));
    COFFER_TRY(there, disk_.exists(path_of(folder)));
    return there ? disk_.flush_directory(path_of(folder)) : Status{};
  }

 private:
  std::string path_of(const std::string& folder) const { return root_ + "/" + folder; }
  std::string path_of(const std::string& folder, const std::string& name) const {
    return path_of(folder) + "/" + name;
  }

  uint64_t segment_size(uint64_t size, Layout layout) const {
    return layout == Layout::kSegmented ? segment_size_ : size;
  }
  size_t segment_count(uint64_t size, Layout layout) const {
    const uint64_t each = segment_size(size, layout);
    return (size + each - 1) / each;
  }
  std::string segment_path(const std::string& folder, const std::string& name, size_t index,
                           Layout layout) const {
    const std::string path = path_of(folder, name);
    return layout == Layout::kSingle ? path : fmt::format("{}.{:03}", path, index);
  }

  Result<std::unique_ptr<SegmentedRange>> open_segments(const std::string& folder, const std::string& name,
                                                        uint64_t size, Layout layout, OpenMode mode) {
    mode.bulk = layout == Layout::kSegmented;
    std::vector<std::unique_ptr<File>> segments;
    for (size_t i = 0; i < segment_count(size, layout); ++i) {
      COFFER_TRY(file, disk_.open(segment_path(folder, name, i, layout), mode));
      segments.push_back(std::move(file));
    }
    return std::make_unique<SegmentedRange>(std::move(segments), segment_size(size, layout), size);
  }

  Status erase_file(const std::string& path) {
    COFFER_TRY(there, disk_.exists(path));
    if (!there) return {};
    {
      COFFER_TRY(file, disk_.open(path, {}));
      COFFER_TRY(size, file->size());
      // A file system that never overwrites in place may have no space for it; the removal must go on all the
      // same.
      const Status overwritten = file->write(0, Bytes(size));
      if (!overwritten && overwritten.error().kind != ErrorKind::kNoSpace) return overwritten;
      COFFER_CHECK(file->flush());
    }
    return disk_.remove(path);
  }

  Disk& disk_;
  const std::string root_;
  const uint64_t segment_size_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_file_store(Disk& disk, const std::string& root, uint64_t segment_size) {
  COFFER_CHECK(disk.make_directory(root));
  return std::make_unique<FileStore>(disk, root, segment_size);
}

}  // namespace coffer::store
