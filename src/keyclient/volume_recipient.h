// SPDX-License-Identifier: Apache-2.0
// The channel to keyd, for volumed: enrols an ephemeral public key, nothing else. Opening a box is
// crypto::open_box with the bytes of box_binding_bytes() as its binding.
#pragma once
#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "keyclient/keyd_client.h"

namespace coffer::keyclient {

// Sends the public key over volumed's own channel and waits for the answer. keyd knows the host id from the
// supervisor that handed it the channel, not from this message.
Status enrol_recipient(FileDescriptor& channel, ByteView public_key);

Bytes box_binding_bytes(const BoxBinding& binding);

struct BoxedKey {
  std::string layer_id;
  secret::SecretBytes key;
};
// The contents of an opened box.
Result<std::vector<BoxedKey>> parse_boxed_keys(const secret::SecretBytes& contents);

}  // namespace coffer::keyclient
