// SPDX-License-Identifier: Apache-2.0
// Are gzip bodies undone exactly, and refused when they are broken or would grow too large?
#include "wire/gzip.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace coffer::wire {
namespace {

TEST(Gzip, RoundTrips) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(300000, 'a')}) {
    const auto plain = gunzip(gzip(as_bytes(text)), 1 << 20);
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(as_text(*plain), text);
  }
}

TEST(Gzip, ReadsWhatAnotherImplementationWrote) {
  // printf coffer | gzip -n | base64, by GNU gzip.
  const auto compressed = from_base64("H4sIAAAAAAAAA0vOT0tLLQIAdKxW0AYAAAA=");
  ASSERT_TRUE(compressed);
  const auto plain = gunzip(*compressed, 100);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(as_text(*plain), "coffer");
}

TEST(Gzip, JoinsMembers) {
  Bytes both = gzip(as_bytes("one "));
  const Bytes second = gzip(as_bytes("two"));
  both.insert(both.end(), second.begin(), second.end());
  const auto plain = gunzip(both, 100);
  ASSERT_TRUE(plain);
  EXPECT_EQ(as_text(*plain), "one two");
}

TEST(Gzip, StopsAtTheLimit) {
  const Bytes bomb = gzip(Bytes(64 << 20));
  ASSERT_LT(bomb.size(), 100000u);
  const auto plain = gunzip(bomb, 1 << 20);
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().kind, ErrorKind::kLimitExceeded);

  const Bytes exact = gzip(Bytes(1000));
  EXPECT_TRUE(gunzip(exact, 1000));
  EXPECT_FALSE(gunzip(exact, 999));
}

TEST(Gzip, RefusesEveryTruncationAndTheWrongFormat) {
  const Bytes whole = gzip(as_bytes("a text that is long enough to be compressed, compressed, compressed"));
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(gunzip(ByteView(whole).first(size), 1000)) << size;
  EXPECT_TRUE(gunzip(whole, 1000));
  EXPECT_FALSE(gunzip(as_bytes("plain text"), 1000));
  Bytes trailing = whole;
  trailing.push_back(0);
  EXPECT_FALSE(gunzip(trailing, 1000));
}

TEST(Gzip, RefusesAFlippedBitInDataOrChecksum) {
  const Bytes whole = gzip(as_bytes("checked by CRC-32"));
  for (size_t at = 10; at < whole.size(); ++at) {  // behind the header, whose times and flags mean little
    Bytes flipped = whole;
    flipped[at] ^= 0x10;
    const auto plain = gunzip(flipped, 1000);
    EXPECT_FALSE(plain && as_text(*plain) != "checked by CRC-32") << at;
  }
}

TEST(DecodeContent, UndoesGzipAndLeavesTheRest) {
  HttpRequest request;
  request.headers.add("content-encoding", "GZIP");
  request.headers.add("Content-Type", "text/plain");
  request.body = gzip(as_bytes("hello"));
  ASSERT_TRUE(decode_content(request, 100));
  EXPECT_EQ(as_text(request.body), "hello");
  EXPECT_FALSE(request.headers.contains("Content-Encoding"));
  EXPECT_TRUE(request.headers.contains("Content-Type"));
}

TEST(DecodeContent, DoesNothingWithoutAnEncoding) {
  HttpRequest request;
  request.body = to_bytes("hello");
  ASSERT_TRUE(decode_content(request, 1));
  EXPECT_EQ(as_text(request.body), "hello");
}

TEST(DecodeContent, RefusesOtherEncodings) {
  for (const char* encoding : {"br", "deflate", "gzip, gzip"}) {
    HttpRequest request;
    request.headers.add("Content-Encoding", encoding);
    const auto status = decode_content(request, 100);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kUnsupported);
  }
}

}  // namespace
}  // namespace coffer::wire
