// SPDX-License-Identifier: Apache-2.0
#include "cli/backup_pieces.h"

#include <fmt/format.h>

#include <map>

#include "format/codec.h"

namespace coffer::cli {
namespace {

constexpr const char* kAbout = "piece.json";
constexpr const char* kShipped = "shipped-keys";
constexpr uint64_t kLargestEntry = 64 << 20;

// A piece's entries, in memory.
class Entries final : public format::BackupReceiver {
 public:
  Status begin(const std::string& name, uint64_t size) override {
    if (size > kLargestEntry || entries_.contains(name))
      return fail(ErrorKind::kCorrupt, "it is no piece of a continuous backup");
    current_ = &entries_[name];
    return {};
  }
  Status contents(ByteView piece) override {
    current_->insert(current_->end(), piece.begin(), piece.end());
    return {};
  }
  Status end() override { return {}; }

  const Bytes& operator[](const std::string& name) { return entries_[name]; }

 private:
  std::map<std::string, Bytes> entries_;
  Bytes* current_ = nullptr;
};

Status parse_shipments(ByteView bytes, std::vector<Bytes>& shipments) {
  format::Reader reader(bytes);
  while (reader.left() > 0) shipments.push_back(reader.bytes_field());
  if (!reader.ok()) return fail(ErrorKind::kCorrupt, "a piece's rows are cut off");
  return {};
}

}  // namespace

Result<Bytes> seal_piece(const Piece& piece, const RecoveryKey& recovery) {
  Bytes archive;
  BackupWriter writer(
      [&](ByteView bytes) -> Status {
        archive.insert(archive.end(), bytes.begin(), bytes.end());
        return {};
      },
      recovery.key, new_header(recovery));
  Document about;
  about.set("number", static_cast<int64_t>(piece.number));
  format::Writer shipments;
  for (const Bytes& each : piece.shipments) shipments.field(each);
  COFFER_CHECK(writer.begin());
  COFFER_CHECK(writer.add(kAbout, as_bytes(about.line())));
  if (!piece.keys.as_sealed.empty()) COFFER_CHECK(add_sealed_keys(writer, piece.keys));
  COFFER_CHECK(writer.add(kShipped, shipments.bytes()));
  COFFER_CHECK(writer.finish());
  return archive;
}

Result<Piece> open_piece(ByteView archive, uint64_t number, const RecoveryKey& recovery) {
  const BackupSource source = from_bytes(archive);
  COFFER_TRY(header, read_backup_header(source));
  if (header.kind != recovery.kind || header.parameters != recovery.parameters)
    return fail(ErrorKind::kCorrupt, "it is a piece of another backup");
  Entries entries;
  COFFER_CHECK(read_backup(source, recovery.key, header, entries));
  COFFER_TRY(about, Document::parse(as_text(entries[kAbout])));
  if (!about.has("number") || about.number("number") != static_cast<int64_t>(number))
    return fail(ErrorKind::kCorrupt, "it is another piece than its name says");
  Piece piece;
  piece.number = number;
  piece.keys.as_sealed = entries["keyd/domain-keys"];
  piece.keys.recovery = entries["keyd/domain-keys.recovery"];
  COFFER_CHECK(parse_shipments(entries[kShipped], piece.shipments));
  return piece;
}

Result<FollowingPieces> read_following_pieces(BackupTarget& target, uint64_t base_number,
                                              const RecoveryKey& recovery) {
  COFFER_TRY(numbers, target.pieces());
  FollowingPieces following;
  format::Writer shipments;
  uint64_t expected = base_number + 1;
  for (const uint64_t number : numbers) {
    if (number <= base_number) continue;
    if (number != expected)
      return fail(ErrorKind::kCorrupt,
                  "the continuous backup lacks " + target.piece_path(expected) + ", and has later ones");
    ++expected;
    COFFER_TRY(archive, target.read_piece(number));
    auto piece = open_piece(archive, number, recovery);
    if (!piece && number == numbers.back()) {
      following.left_out = target.piece_path(number);
      break;
    }
    if (!piece) return fail(piece.error().kind, target.piece_path(number) + ": " + piece.error().message);
    for (const Bytes& each : piece->shipments) shipments.field(each);
    if (!piece->keys.as_sealed.empty()) following.keys = std::move(piece->keys);
    ++following.count;
  }
  following.shipments = shipments.take();
  return following;
}

}  // namespace coffer::cli
