// SPDX-License-Identifier: Apache-2.0
// Do the formats of a volume say back what was written, and refuse everything else?
#include "format/volume_manifest_v1.h"

#include <gtest/gtest.h>

#include <tuple>

#include "format/codec.h"
#include "format/crc32c.h"
#include "format/layer_header.h"

namespace coffer::format {
namespace {

VolumeManifestV1 example() {
  return {"vol-0123456789abcdef0",
          uint64_t{5} << 30,
          7,
          "i-00000000000000001",
          {{"layer-00000000000000002", to_bytes("wrapped key")}, {"layer-00000000000000001", std::nullopt}}};
}

LayerHeader example_header() {
  return {"layer-00000000000000002", LayerCipher::kAes256Xts, uint64_t{5} << 30, 9, "i-00000000000000001"};
}

bool refused(const Error& error) {
  return error.kind == ErrorKind::kCorrupt || error.kind == ErrorKind::kTooNew;
}

// RFC 3720 appendix B.4.
TEST(Crc32cTest, AgreesWithThePublishedVectors) {
  EXPECT_EQ(crc32c(Bytes(32, 0)), 0x8a9136aau);
  EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43u);
  Bytes ascending(32);
  for (size_t i = 0; i < ascending.size(); ++i) ascending[i] = static_cast<uint8_t>(i);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
}

TEST(VolumeManifestV1Test, ReadsBackWhatWasWritten) {
  EXPECT_EQ(*parse_manifest_v1(write_manifest_v1(example())), example());
}

TEST(VolumeManifestV1Test, RefusesEveryFlippedBit) {
  const Bytes good = write_manifest_v1(example());
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    const auto parsed = parse_manifest_v1(bad);
    ASSERT_FALSE(parsed) << "bit " << bit;
    EXPECT_TRUE(refused(parsed.error())) << "bit " << bit;
  }
}

TEST(VolumeManifestV1Test, RefusesEveryOtherLength) {
  const Bytes good = write_manifest_v1(example());
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_manifest_v1(ByteView(good).first(size))) << size;
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(parse_manifest_v1(longer));
}

// Right checksums: only what the fields say is wrong.
TEST(VolumeManifestV1Test, RefusesAManifestWithoutLayersOrWithAnEmptyKey) {
  VolumeManifestV1 manifest = example();
  manifest.layers[0].wrapped_key = Bytes{};
  EXPECT_EQ(parse_manifest_v1(write_manifest_v1(manifest)).error().kind, ErrorKind::kCorrupt);
  manifest.layers.clear();
  EXPECT_EQ(parse_manifest_v1(write_manifest_v1(manifest)).error().kind, ErrorKind::kCorrupt);
}

TEST(VolumeManifestV1Test, RefusesALaterVersionInWords) {
  Bytes newer = write_manifest_v1(example());
  newer[8] = 1 + 1;
  const auto parsed = parse_manifest_v1(newer);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ErrorKind::kTooNew);
  EXPECT_NE(parsed.error().message.find("version 2"), std::string::npos) << parsed.error().message;
}

TEST(LayerHeaderTest, ReadsBackWhatWasWritten) {
  const Bytes bytes = write_layer_header(example_header());
  EXPECT_EQ(bytes.size(), kLayerHeaderSize);
  EXPECT_EQ(*parse_layer_header(bytes), example_header());
}

TEST(LayerHeaderTest, RefusesEveryFlippedBitAndAnotherLength) {
  const Bytes good = write_layer_header(example_header());
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    const auto parsed = parse_layer_header(bad);
    ASSERT_FALSE(parsed) << "bit " << bit;
    EXPECT_TRUE(refused(parsed.error())) << "bit " << bit;
  }
  EXPECT_FALSE(parse_layer_header(ByteView(good).first(good.size() - 1)));
}

TEST(LayerHeaderTest, RefusesAnUnknownCipherUnderARightChecksum) {
  Bytes bytes = write_layer_header(example_header());
  bytes[10] = 2;
  bytes.resize(kLayerHeaderSize - 4);
  const Bytes checksum = Writer().u32(crc32c(bytes)).take();
  bytes.insert(bytes.end(), checksum.begin(), checksum.end());
  EXPECT_EQ(parse_layer_header(bytes).error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace coffer::format
