// SPDX-License-Identifier: Apache-2.0
// How a body of keyd's protocol is written and read, for the tests of each of its headers.
#pragma once
#include <gtest/gtest.h>

#include "format/keyd_protocol.h"

namespace coffer::format::keyd {

template <class Body>
Bytes written(const Body& body) {
  Writer writer;
  body.write(writer);
  return writer.take();
}

// Writing what was read gives the same bytes, and no part of them is a message.
template <class Body>
void expect_exact(const Body& body) {
  const Bytes bytes = written(body);
  const auto read = parse_body<Body>(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(written(*read), bytes);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_body<Body>(ByteView(bytes).first(size))) << size;
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(parse_body<Body>(longer));
}

}  // namespace coffer::format::keyd
