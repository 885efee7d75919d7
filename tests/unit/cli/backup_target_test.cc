// SPDX-License-Identifier: Apache-2.0
// Is everything in a continuous backup's folder that was said to be there, whenever the power goes or the
// disk fails?
#include "cli/backup_target.h"

#include <gtest/gtest.h>

#include "tests/unit/volume/simulated_disk.h"

namespace coffer::cli {
namespace {

using volume::SimulatedDisk;

constexpr uint64_t kSteps = 24;

Bytes contents_of(uint64_t number) {
  return Bytes(600 + 37 * number, static_cast<uint8_t>(number));  // more than a block, less than two
}

// What was acknowledged: the pieces, and the base that they follow.
struct Acknowledged {
  uint64_t base = 0, last_piece = 0;
};

// A piece at each step and a base at each fifth, each failure tried again at the next step with the same
// number, as the receiver does. Ends where the power does.
void work(SimulatedDisk& disk, Acknowledged& done) {
  BackupTarget target(disk, "/backup");
  if (!target.prepare()) return;
  for (uint64_t step = 1; step <= kSteps && !disk.power_is_off(); ++step) {
    if (target.put_piece(done.last_piece + 1, contents_of(done.last_piece + 1))) ++done.last_piece;
    if (step % 5 != 0) continue;
    auto file = target.begin_base();
    if (!file || !(*file)->write(0, contents_of(done.last_piece))) continue;
    if (target.end_base(**file, done.last_piece)) done.base = done.last_piece;
  }
}

// The number that a base was written with; 0: there is none.
uint64_t base_number(SimulatedDisk& disk, BackupTarget& target) {
  if (!target.has_base().value()) return 0;
  const Bytes base = read_file(disk, target.base_path()).value();
  EXPECT_FALSE(base.empty());
  const uint64_t number = base.empty() ? 0 : base.front();
  EXPECT_EQ(base, contents_of(number)) << "the base is not whole";
  return number;
}

void expect_all(SimulatedDisk& disk, const Acknowledged& done) {
  BackupTarget target(disk, "/backup");
  ASSERT_TRUE(target.prepare());
  const uint64_t base = base_number(disk, target);
  EXPECT_GE(base, done.base);
  const auto numbers = target.pieces().value();
  uint64_t expected = base + 1;
  for (const uint64_t number : numbers) {
    if (number <= base) continue;  // its removal was cut off
    EXPECT_EQ(number, expected++);
    EXPECT_EQ(target.read_piece(number).value(), contents_of(number)) << "piece " << number;
  }
  EXPECT_GT(expected, done.last_piece) << "an acknowledged piece is lost";
}

uint64_t operations_of_all_steps() {
  SimulatedDisk disk(1);
  disk.count_from_here();
  Acknowledged done;
  work(disk, done);
  EXPECT_EQ(done.last_piece, kSteps);
  EXPECT_EQ(done.base, 20u);
  return disk.operations();
}

TEST(BackupTargetTest, NoPowerCutLosesWhatWasAcknowledged) {
  const uint64_t operations = operations_of_all_steps();
  for (uint64_t cut = 1; cut <= operations; ++cut)
    for (uint64_t seed = 0; seed < 4; ++seed) {
      SCOPED_TRACE("power cut at operation " + std::to_string(cut) + ", seed " + std::to_string(seed));
      SimulatedDisk disk(1000 * cut + seed);
      disk.count_from_here();
      disk.cut_power_at(cut);
      Acknowledged done;
      work(disk, done);
      disk.restart();
      expect_all(disk, done);
    }
}

TEST(BackupTargetTest, NorDoesAFailureOfTheDisk) {
  const uint64_t operations = operations_of_all_steps();
  for (const ErrorKind kind : {ErrorKind::kIo, ErrorKind::kNoSpace})
    for (uint64_t at = 1; at <= operations; ++at) {
      SCOPED_TRACE("failure at operation " + std::to_string(at));
      SimulatedDisk disk(at);
      disk.count_from_here();
      disk.fail_at(at, kind);
      Acknowledged done;
      work(disk, done);
      disk.cut_power_at(disk.operations() + 1);
      (void)disk.exists("/backup");
      disk.restart();
      expect_all(disk, done);
    }
}

TEST(BackupTargetTest, WhatWasCutOffIsRemovedAndNothingElse) {
  SimulatedDisk disk(1);
  BackupTarget target(disk, "/backup");
  ASSERT_TRUE(target.prepare());
  ASSERT_TRUE(target.put_piece(7, contents_of(7)));
  for (const char* name : {"/backup/base.new", "/backup/piece-00000000000000000008.new", "/backup/notes.new"})
    ASSERT_TRUE(disk.open(name, {.create = true}));
  ASSERT_TRUE(target.prepare());
  EXPECT_EQ(disk.list("/backup").value(),
            (std::vector<std::string>{"notes.new", "piece-00000000000000000007"}));
  EXPECT_EQ(target.pieces().value(), std::vector<uint64_t>{7});
}

}  // namespace
}  // namespace coffer::cli
