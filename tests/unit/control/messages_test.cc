// SPDX-License-Identifier: Apache-2.0
// Does every message between apid and volumed survive the way, and nothing else than a message?
#include "control/messages.h"

#include <gtest/gtest.h>

#include <random>

#include "base/packet_channel.h"

namespace coffer::control {
namespace {

const std::vector<Request>& requests() {
  static const std::vector<Request> all = {
      GetStatus{"vol-1"},
      CreateVolume{{"vol-1", 1ull << 40, "layer-1", Bytes{1, 2, 3}}},
      CreateVolume{{"vol-1", 4096, "layer-1", std::nullopt}},
      DeleteVolume{"vol-1"},
      ListVolumes{},
      PrepareAttachment{"vol-1", "attach-1"},
      AttachVolume{"vol-1", "attach-1", Bytes(kLongestBox, 7)},
      DetachVolume{"vol-1", true},
  };
  return all;
}

const std::vector<Reply>& replies() {
  static const AttachedVolume attached{"vol-1", "attach-1", "/run/vol-1.sock", 4096,
                                       true,    3,          "a failed flush"};
  static const std::vector<Reply> all = {
      Error{ErrorKind::kConflict, "it is attached", "VolumeInUse"},
      Done{},
      StatusPage{{"i-1", "memfd_secret", "AES", {attached, attached}}, true},
      VolumePage{{"vol-1", "vol-2"}, true},
      PreparedAttachment{{{"layer-1", Bytes{9}}, {"layer-2", std::nullopt}}, Bytes(16, 5)},
      attached,
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

TEST(ControlMessages, FieldsArriveWhereTheyBelong) {
  const auto created = parse_request(*write_request(1, requests()[1]));
  const auto& volume = std::get<CreateVolume>(created->request).volume;
  EXPECT_EQ(volume.volume_id, "vol-1");
  EXPECT_EQ(volume.size_bytes, 1ull << 40);
  EXPECT_EQ(volume.layer_id, "layer-1");
  EXPECT_EQ(volume.wrapped_key, (Bytes{1, 2, 3}));
  const auto attached = std::get<AttachedVolume>(parse_reply(*write_reply(1, replies()[5]))->reply);
  EXPECT_EQ(attached.socket_path, "/run/vol-1.sock");
  EXPECT_EQ(attached.clients, 3u);
  EXPECT_TRUE(attached.encrypted);
  EXPECT_EQ(attached.failure, "a failed flush");
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
  bytes[0] = 2;
  EXPECT_EQ(parse_request(bytes).error().kind, ErrorKind::kTooNew);
  EXPECT_EQ(request_number(bytes), 5u);
  EXPECT_EQ(request_number(ByteView(bytes).first(9)), std::nullopt);
}

TEST(ControlMessages, FieldsBeyondTheirBoundAreNotSent) {
  EXPECT_EQ(write_request(1, DeleteVolume{std::string(kLongestName + 1, 'v')}).error().kind,
            ErrorKind::kLimitExceeded);
  EXPECT_TRUE(write_request(1, DeleteVolume{std::string(kLongestName, 'v')}));
  EXPECT_FALSE(write_request(1, AttachVolume{"v", "a", Bytes(kLongestBox + 1)}));
  PreparedAttachment prepared{{}, Bytes(16)};
  prepared.layers.resize(kMostLayers + 1);
  EXPECT_FALSE(write_reply(1, prepared));
}

TEST(ControlMessages, TheLargestOfEachFitAPacket) {
  const std::string name(kLongestName, 'n'), text(kLongestText, 't');
  const AttachedVolume attached{name, name, text, 1, true, 1, text};
  const Reply largest[] = {
      StatusPage{{name, text, text, std::vector(kMostVolumesDescribed, attached)}, true},
      VolumePage{std::vector(kMostVolumesListed, name), true},
      PreparedAttachment{std::vector(kMostLayers, LayerDescription{name, Bytes(kLongestWrappedKey)}),
                         Bytes(kLongestNonce)}};
  for (const Reply& reply : largest) EXPECT_TRUE(write_reply(1, reply)) << reply.index();
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
