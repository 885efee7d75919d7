// SPDX-License-Identifier: Apache-2.0
#include "secret/secret_bytes.h"

#include <gtest/gtest.h>

#include <ostream>

#include "secret/arena.h"

namespace coffer::secret {
namespace {

constexpr RawAccess kTest = RawAccess::because("a test looks at the bytes");

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Formattable = fmt::is_formattable<T>::value;
template <class T>
concept ReadableWithoutToken = requires(const T& value) {
  value.read();
};
template <class T>
concept Indexable = requires(const T& value) {
  value[0];
};

// The question of this file that only the compiler can answer: is there a way to print or copy a secret?
static_assert(!Formattable<SecretBytes> && !Streamable<SecretBytes>);
static_assert(Formattable<std::string> && Streamable<std::string>);  // the same check does find others
static_assert(!ReadableWithoutToken<SecretBytes> && !Indexable<SecretBytes>);
static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes> &&
              std::is_nothrow_move_assignable_v<SecretBytes>);
static_assert(!std::is_convertible_v<SecretBytes, ByteView> &&
              !std::is_constructible_v<std::string, SecretBytes>);
static_assert(!std::is_default_constructible_v<RawAccess> &&
              !std::is_constructible_v<RawAccess, const char*>);

SecretBytes secret(std::string_view text) {
  return SecretBytes::copy_of(as_bytes(text));
}

TEST(SecretBytes, StartsZeroFilled) {
  const SecretBytes bytes(100);
  EXPECT_EQ(to_bytes(bytes.read(kTest)), Bytes(100, 0));
  EXPECT_TRUE(SecretBytes().empty());
  EXPECT_TRUE(SecretBytes(0).empty());
}

TEST(SecretBytes, CopiesOnlyWhenAsked) {
  SecretBytes original = secret("attack at dawn");
  SecretBytes clone = original.clone();
  original.write(kTest)[0] = 'A';
  EXPECT_EQ(as_text(clone.read(kTest)), "attack at dawn");
  EXPECT_EQ(as_text(original.read(kTest)), "Attack at dawn");
  EXPECT_EQ(as_text(original.slice(10, 4).read(kTest)), "dawn");
  EXPECT_TRUE(original.slice(14, 0).empty());
}

TEST(SecretBytes, MovesWithoutLeavingAnythingBehind) {
  SecretBytes first = secret("attack at dawn");
  const uint8_t* address = first.read(kTest).data();
  SecretBytes second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): what is left is the question
  EXPECT_EQ(first.read(kTest).data(), nullptr);
  EXPECT_EQ(second.read(kTest).data(), address);
  SecretBytes third = secret("another");
  third = std::move(second);
  EXPECT_EQ(third.read(kTest).data(), address);
  SecretBytes& same = third;
  third = std::move(same);
  EXPECT_EQ(as_text(third.read(kTest)), "attack at dawn");
}

TEST(SecretBytes, GivesItsMemoryBack) {
  const size_t before = arena_usage().used;
  {
    SecretBytes bytes = secret("attack at dawn");
    bytes = secret("or at dusk");
    EXPECT_GT(arena_usage().used, before);
  }
  EXPECT_EQ(arena_usage().used, before);
}

#ifndef COFFER_SANITIZED
TEST(SecretBytes, IsWipedWhenDropped) {
  const uint8_t* address = nullptr;
  {
    const SecretBytes bytes = secret("attack at dawn");
    address = bytes.read(kTest).data();
    EXPECT_EQ(address[0], 'a');
  }
  for (size_t i = 0; i < 14; ++i) EXPECT_EQ(address[i], 0);  // arena memory stays mapped
}
#endif

TEST(SecretBytes, EqualsLooksAtEveryByte) {
  const SecretBytes bytes = secret("attack at dawn");
  EXPECT_TRUE(bytes.equals(secret("attack at dawn")));
  EXPECT_FALSE(bytes.equals(secret("attack at daw")));
  EXPECT_TRUE(SecretBytes().equals(SecretBytes(0)));
  for (size_t i = 0; i < bytes.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      SecretBytes other = bytes.clone();
      other.write(kTest)[i] ^= static_cast<uint8_t>(1 << bit);
      EXPECT_FALSE(bytes.equals(other));
    }
}

TEST(SecretBytesDeathTest, SliceOutOfRangeAborts) {
  const SecretBytes bytes(10);
  EXPECT_DEATH(bytes.slice(5, 6), "");
  EXPECT_DEATH(bytes.slice(11, 0), "");
  EXPECT_DEATH(bytes.slice(1, SIZE_MAX), "");
}

TEST(Wipe, ClearsEverythingUpToTheCapacity) {
  std::string text(200, 'x');
  const char* data = text.data();
  text.resize(10);  // the other 190 bytes are still there
  EXPECT_EQ(data[100], 'x');
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(data, text.data());
  EXPECT_TRUE(std::all_of(data, data + 200, [](char c) { return c == 0; }));

  std::string short_text = "short";
  const char* inside = short_text.data();
  wipe(short_text);
  EXPECT_EQ(std::string_view(inside, 5), std::string_view("\0\0\0\0\0", 5));

  Bytes bytes(100, 7);
  const uint8_t* raw = bytes.data();
  wipe(bytes);
  EXPECT_TRUE(std::all_of(raw, raw + 100, [](uint8_t byte) { return byte == 0; }));

  uint8_t array[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  wipe(MutableByteView(array).first(7));
  EXPECT_EQ(array[6], 0);
  EXPECT_EQ(array[7], 8);
}

}  // namespace
}  // namespace coffer::secret
