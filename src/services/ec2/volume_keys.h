// SPDX-License-Identifier: Apache-2.0
// The data keys of volumes: made for a new volume, and boxed for volumed when one is attached. apid never
// sees either in the clear (ARCHITECTURE section 1). The encryption context is always {"aws:ebs:id": ID} of
// the volume or snapshot that the key was made for.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/volumed_client.h"
#include "services/call.h"

namespace coffer::services::ec2 {

struct NewVolumeKey {
  std::string kms_key_arn;  // in full, whatever form the caller gave
  Bytes wrapped_key;
  std::optional<Error> failure;  // why there is no key; the volume will not come to be
};

// Makes the data key under the caller's key, or the account's alias/aws/ebs. As at AWS a key that is missing,
// disabled or forbidden fails the volume, not the call. Errors: kUnavailable. Recorded in the call.
Result<NewVolumeKey> make_volume_key(Call& call, const std::string& volume_id,
                                     const std::optional<std::string>& kms_key_id);

// The keys of a subject's chain (a volume's, a snapshot's, background work's), boxed for one session.
struct KeySession {
  std::string subject_id;
  std::string session_id;  // an attachment's id, or "session-…"
  std::string region;      // of the subject: its KMS keys are looked for there first
};
struct BoxedVolumeKeys {
  std::vector<Bytes> boxes;
  std::vector<std::string> kms_key_arns;  // of the KMS keys that wrap them, each once: a Decrypt for each
};

// Says whether a data key under this KMS key may be opened for whoever asked: "kms:Decrypt" by the caller's
// policies, or by what was noted when the subject was made. Asked once a KMS key, before keyd opens anything.
using MayDecrypt = std::function<Status(const std::string& kms_key_arn)>;

// Has keyd put the keys that volumed asked for in boxes for this host's volumed. The KMS keys are the ones
// that the wrapped keys name, of whatever account: what `may_decrypt` allowed is what is boxed, and nothing
// else. Errors carry KMS's codes (DisabledException…).
Result<BoxedVolumeKeys> box_volume_keys(Installation& installation, const KeySession& session,
                                        const control::PreparedKeys& prepared, const MayDecrypt& may_decrypt);

// The kms:Decrypt record of an attachment under one KMS key, made or refused.
DependentCall decrypt_record(const catalog::Volume& volume, const std::string& kms_key_arn,
                             const Error* failure);

}  // namespace coffer::services::ec2
