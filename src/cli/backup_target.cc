// SPDX-License-Identifier: Apache-2.0
#include "cli/backup_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace coffer::cli {
namespace {

constexpr std::string_view kPiece = "piece-", kAside = ".new";
constexpr size_t kDigits = 20;
constexpr uint64_t kLargestPiece = 64 << 20;

std::optional<uint64_t> piece_number(std::string_view name) {
  if (!name.starts_with(kPiece) || name.size() != kPiece.size() + kDigits) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + kPiece.size(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// With a slash at its end or not.
std::string parent_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

}  // namespace

Status BackupTarget::prepare() {
  COFFER_CHECK(disk_.make_directory(folder_));
  COFFER_CHECK(disk_.flush_directory(parent_of(folder_)));  // or all of it goes with its name
  COFFER_TRY(names, disk_.list(folder_));
  for (const std::string& name : names) {
    const bool ours = name.starts_with("base") || name.starts_with(kPiece);
    if (ours && name.ends_with(kAside)) COFFER_CHECK(disk_.remove(folder_ + "/" + name));
  }
  return {};
}

std::string BackupTarget::piece_path(uint64_t number) const {
  return fmt::format("{}/{}{:020}", folder_, kPiece, number);
}

Result<bool> BackupTarget::has_base() {
  return disk_.exists(base_path());
}

Result<std::vector<uint64_t>> BackupTarget::pieces() {
  COFFER_TRY(names, disk_.list(folder_));
  std::vector<uint64_t> numbers;
  for (const std::string& name : names)
    if (const auto number = piece_number(name)) numbers.push_back(*number);
  std::ranges::sort(numbers);
  return numbers;
}

Status BackupTarget::put_piece(uint64_t number, ByteView archive) {
  return replace_file(disk_, piece_path(number), archive);
}

Result<Bytes> BackupTarget::read_piece(uint64_t number) {
  return read_file(disk_, piece_path(number), kLargestPiece);
}

Result<std::unique_ptr<File>> BackupTarget::begin_base() {
  COFFER_TRY(file, disk_.open(base_path() + std::string(kAside), {.create = true}));
  COFFER_CHECK(file->truncate(0));
  return file;
}

Status BackupTarget::end_base(File& file, uint64_t number) {
  COFFER_CHECK(file.flush());
  COFFER_CHECK(disk_.rename(base_path() + std::string(kAside), base_path()));
  COFFER_CHECK(disk_.flush_directory(folder_));
  COFFER_TRY(numbers, pieces());
  for (const uint64_t each : numbers)
    if (each <= number) COFFER_CHECK(disk_.remove(piece_path(each)));
  return {};
}

}  // namespace coffer::cli
