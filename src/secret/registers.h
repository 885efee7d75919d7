// SPDX-License-Identifier: Apache-2.0
#pragma once
namespace coffer::secret {

// Clears the vector registers. A copy of 16 to 64 bytes goes through one, and what it copied stays there, and
// so in a core dump, until the register is used again: a thread that handled secrets calls this before it
// waits. Does what it says on x86-64, nothing elsewhere.
void wipe_vector_registers();

// At the end of a scope in which a thread handles secrets.
struct WipeRegistersAtEnd {
  ~WipeRegistersAtEnd() { wipe_vector_registers(); }
};

}  // namespace coffer::secret
