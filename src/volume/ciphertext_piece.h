// SPDX-License-Identifier: Apache-2.0
// Where a thread makes ciphertext, or reads it to open it. Never holds plaintext of an encrypted layer.
#pragma once
#include <memory>

#include "base/bytes.h"

namespace coffer::volume {

inline constexpr size_t kCiphertextPiece = 128 << 10;  // stays in the second-level cache

// Aligned for direct I/O (base/direct_file.h). The calling thread's own.
inline MutableByteView ciphertext_piece() {
  struct alignas(4096) Piece {
    uint8_t bytes[kCiphertextPiece];
  };
  thread_local const std::unique_ptr<Piece> piece(new Piece);
  return piece->bytes;
}

}  // namespace coffer::volume
