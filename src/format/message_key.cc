// SPDX-License-Identifier: Apache-2.0
#include "format/message_key.h"

#include <algorithm>

#include "format/codec.h"

namespace coffer::format {

void write(Writer& writer, const MessageKeyInputs& inputs) {
  writer.raw(inputs.salt).raw(inputs.iv);
}

MessageKeyInputs read_message_key_inputs(Reader& reader) {
  MessageKeyInputs inputs;
  const ByteView salt = reader.raw(inputs.salt.size());
  const ByteView iv = reader.raw(inputs.iv.size());
  if (!reader.ok()) return inputs;
  std::copy(salt.begin(), salt.end(), inputs.salt.begin());
  std::copy(iv.begin(), iv.end(), inputs.iv.begin());
  return inputs;
}

}  // namespace coffer::format
