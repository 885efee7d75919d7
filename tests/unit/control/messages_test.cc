// SPDX-License-Identifier: Apache-2.0
// Does every message between apid and volumed survive the way, and nothing else than a message?
#include "control/messages.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/packet_channel.h"

namespace coffer::control {
namespace {

const NewLayer kLayer{"layer-1", Bytes{1, 2, 3}, "vol-9"};
const NewLayer kPlainLayer{"layer-1", std::nullopt, ""};

const std::vector<Request>& requests() {
  static const std::vector<Request> all = {
      GetStatus{"vol-1"},
      CreateVolume{{"vol-1", 1ull << 40, kLayer, "snap-1", true}},
      CreateVolume{{"vol-1", 4096, kPlainLayer, "", false}},
      DeleteVolume{"vol-1"},
      ListVolumes{},
      PrepareKeys{"vol-1", "attach-1", 340},
      DeliverKeys{"vol-1", "attach-1", Bytes(kLongestBox, 7)},
      AttachVolume{"vol-1", "attach-1"},
      DetachVolume{"vol-1", true},
      SetLimits{"vol-1", 3000, 125 << 20},
      GrowVolume{"vol-1", 1ull << 41},
      CreateSnapshots{{{"snap-1", "vol-1", kLayer, "session-1"}, {"snap-2", "vol-2", kPlainLayer, ""}}},
      CreateSnapshots{},
      CompleteSnapshot{"snap-1"},
      DeleteSnapshot{"snap-1"},
      ListSnapshots{"snap-1"},
      CreateDetachedSnapshot{{"snap-2", 1 << 30, kLayer, "snap-1", ""}},
      CreateDetachedSnapshot{{"snap-2", 1 << 30, kLayer, "", "snap-1"}},
      RekeyVolume{"vol-1", kLayer, "session-1"},
      ListJobs{"layer-1"},
      RunJob{"layer-1", "session-1"},
      SetJobRate{100 << 20},
      ListBlocks{"snap-2", "snap-1", 7, 1000},
      OpenSnapshot{"snap-1", "session-1"},
      ReadBlock{"snap-1", 7, 64 << 10, 512},
      WriteBlock{"snap-1", 7, 128 << 10, Bytes(kLongestPiece, 9)},
      GetNbdKey{},
      SetNbdCertificate{Bytes(700, 1), Bytes(kLongestCertificate, 2)},
      ListNodes{"layer-0123456789abcdef0"},
      ReplaceLayerKey{"layer-0123456789abcdef0", Bytes(150, 5), Bytes(kLongestWrappedKey, 6)},
  };
  return all;
}

const std::vector<Reply>& replies() {
  static const AttachedVolume attached{"vol-1", "attach-1", "/run/vol-1.sock", 4096,
                                       true,    3,          "a failed flush"};
  static const std::vector<Reply> all = {
      Error{ErrorKind::kConflict, "it is attached", "VolumeInUse"},
      Done{},
      StatusPage{{"i-1", "memfd_secret", "AES", "buffered", {attached, attached}}, true},
      VolumePage{{"vol-1", "vol-2"}, true},
      KeyPage{{{kLayer, kPlainLayer}, Bytes(16, 5)}, true},
      attached,
      SnapshotPage{{{"snap-1", 1 << 30, true}, {"snap-2", 4096, false}}, false},
      JobPage{{{"layer-1", "hydrate", "vol-1", "failed", 7, 9, "no space"}}, false},
      BlockList{{0, 7, 8, 0xffffffff}, true},
      BlockPiece{Bytes(kLongestPiece, 3)},
      NbdKey{Bytes(91, 4)},
      NodePage{{{"layer-1", "layer-0", Bytes(150, 7), "vol-1", true}, {"vol-1", "layer-1", {}, "", false}},
               true},
  };
  return all;
}

// Messages have no comparison of their own: two are the same when they are the same bytes, and the bytes are
// checked field by field below.
template <class Messages, class Write, class Parse>
void expect_round_trips(const Messages& messages, Write write, Parse parse) {
  std::vector<Bytes> seen;
  for (const auto& message : messages) {
    const auto bytes = write(77, message);
    ASSERT_TRUE(bytes);
    const auto again = parse(*bytes);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*write(77, again->second), *bytes);
    EXPECT_EQ(again->first, 77u);
    EXPECT_EQ(again->second.index(), message.index());
    EXPECT_EQ(std::ranges::count(seen, *bytes), 0) << "two messages look the same";
    seen.push_back(*bytes);
    for (size_t size = 0; size < std::min<size_t>(bytes->size(), 300); ++size)
      EXPECT_FALSE(parse(ByteView(*bytes).first(size))) << size;
    Bytes longer = *bytes;
    longer.push_back(0);
    EXPECT_FALSE(parse(longer));
  }
}

Result<std::pair<uint64_t, Request>> request_of(ByteView bytes) {
  COFFER_TRY(parsed, parse_request(bytes));
  return std::pair{parsed.number, std::move(parsed.request)};
}
Result<std::pair<uint64_t, Reply>> reply_of(ByteView bytes) {
  COFFER_TRY(parsed, parse_reply(bytes));
  return std::pair{parsed.number, std::move(parsed.reply)};
}

TEST(ControlMessages, RequestsSurviveTheWay) {
  expect_round_trips(requests(), write_request, request_of);
}
TEST(ControlMessages, RepliesSurviveTheWay) {
  expect_round_trips(replies(), write_reply, reply_of);
}

TEST(ControlMessages, EveryKindIsTried) {
  std::set<size_t> kinds;
  for (const auto& request : requests()) kinds.insert(request.index());
  EXPECT_EQ(kinds.size(), std::variant_size_v<Request>);
  kinds.clear();
  for (const auto& reply : replies()) kinds.insert(reply.index());
  EXPECT_EQ(kinds.size(), std::variant_size_v<Reply>);
}

TEST(ControlMessages, FieldsArriveWhereTheyBelong) {
  const auto created = parse_request(*write_request(1, requests()[1]));
  const auto& volume = std::get<CreateVolume>(created->request).volume;
  EXPECT_EQ(volume.volume_id, "vol-1");
  EXPECT_EQ(volume.size_bytes, 1ull << 40);
  EXPECT_EQ(volume.layer.layer_id, "layer-1");
  EXPECT_EQ(volume.layer.wrapped_key, (Bytes{1, 2, 3}));
  EXPECT_EQ(volume.layer.key_context, "vol-9");
  EXPECT_EQ(volume.snapshot_id, "snap-1");
  EXPECT_TRUE(volume.independent);
  const auto attached = std::get<AttachedVolume>(parse_reply(*write_reply(1, replies()[5]))->reply);
  EXPECT_EQ(attached.socket_path, "/run/vol-1.sock");
  EXPECT_EQ(attached.clients, 3u);
  EXPECT_TRUE(attached.encrypted);
  EXPECT_EQ(attached.failure, "a failed flush");
  const auto job = std::get<JobPage>(parse_reply(*write_reply(1, replies()[7]))->reply).jobs.at(0);
  EXPECT_EQ(job.subject_id + job.kind + job.volume_id + job.state, "layer-1hydratevol-1failed");
  EXPECT_EQ(job.done_bytes, 7u);
  EXPECT_EQ(job.total_bytes, 9u);
}

TEST(ControlMessages, EveryErrorKindSurvives) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kInternal); ++kind) {
    const auto reply = parse_reply(*write_reply(1, Error{static_cast<ErrorKind>(kind), "why"}));
    ASSERT_TRUE(reply);
    EXPECT_EQ(std::get<Error>(reply->reply).kind, static_cast<ErrorKind>(kind));
  }
}

TEST(ControlMessages, AnotherVersionIsToldApartAndCanBeAnswered) {
  Bytes bytes = *write_request(5, GetStatus{});
  bytes[0] = 1;
  EXPECT_EQ(parse_request(bytes).error().kind, ErrorKind::kTooNew);
  EXPECT_EQ(request_number(bytes), 5u);
  EXPECT_EQ(request_number(ByteView(bytes).first(9)), std::nullopt);
}

TEST(ControlMessages, FieldsBeyondTheirBoundAreNotSent) {
  EXPECT_EQ(write_request(1, DeleteVolume{std::string(kLongestName + 1, 'v')}).error().kind,
            ErrorKind::kLimitExceeded);
  EXPECT_TRUE(write_request(1, DeleteVolume{std::string(kLongestName, 'v')}));
  EXPECT_FALSE(write_request(1, DeliverKeys{"v", "a", Bytes(kLongestBox + 1)}));
  EXPECT_FALSE(write_request(1, WriteBlock{"s", 0, 0, Bytes(kLongestPiece + 1)}));
  KeyPage page{{{}, Bytes(16)}, false};
  page.keys.layers.resize(kMostLayers + 1);
  EXPECT_FALSE(write_reply(1, page));
  // Within the bounds of its fields, but too long as a whole.
  page.keys.layers.assign(kMostLayers, NewLayer{"layer-1", Bytes(kLongestWrappedKey), "vol-1"});
  EXPECT_EQ(write_reply(1, page).error().kind, ErrorKind::kLimitExceeded);
}

TEST(ControlMessages, TheLargestOfEachFitAPacket) {
  const std::string name(kLongestName, 'n'), text(kLongestText, 't');
  const AttachedVolume attached{name, name, text, 1, true, 1, text};
  const Reply largest[] = {
      StatusPage{{name, text, text, text, std::vector(kMostVolumesDescribed, attached)}, true},
      VolumePage{std::vector(kMostVolumesListed, name), true},
      SnapshotPage{std::vector(kMostSnapshotsListed, SnapshotDescription{name, 1, true}), true},
      JobPage{std::vector(kMostJobsListed, Job{name, name, name, name, 1, 1, text}), true},
      BlockList{std::vector<uint32_t>(kMostBlocksListed), true},
      BlockPiece{Bytes(kLongestPiece)}};
  for (const Reply& reply : largest) EXPECT_TRUE(write_reply(1, reply)) << reply.index();
  // As many snapshots at once as a host has volumes, each with a wrapped key of the usual size.
  const std::string id = "layer-0123456789abcdef0";
  EXPECT_TRUE(write_request(
      1, CreateSnapshots{std::vector(kMostSnapshotsCreated, NewSnapshot{id, id, {id, Bytes(250), id}, id})}));
}

TEST(ControlMessages, ALongErrorIsCutRatherThanLost) {
  const auto reply = parse_reply(*write_reply(1, Error{ErrorKind::kIo, std::string(5000, 'x')}));
  EXPECT_EQ(std::get<Error>(reply->reply).message.size(), kLongestText);
}

TEST(ControlMessages, DamagedOnesNeverCrash) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 engine(seed);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = *write_reply(1, replies()[i % replies().size()]);
    bytes[engine() % bytes.size()] = static_cast<uint8_t>(engine());
    refused += !parse_reply(bytes);
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace coffer::control
