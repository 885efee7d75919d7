// SPDX-License-Identifier: Apache-2.0
// Data keys of layers on their way to volumed: authorised and recorded once for each KMS key, then boxed by
// keyd and relayed. apid never sees one in the clear (ARCHITECTURE section 1). A chain may hold layers under
// several KMS keys of several regions; the context of each is {"aws:ebs:id": the volume or snapshot that it
// was made for}.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/volumed_client.h"
#include "services/call.h"
#include "services/ec2/requester.h"
#include "services/kms/external_keys.h"
#include "services/kms/key_access.h"
#include "services/service_event.h"

namespace coffer::services::ec2 {

// What one KMS key is to open.
struct KeyUse {
  std::string kms_key_arn;
  std::vector<std::string> contexts;  // values of aws:ebs:id, each once
  std::vector<keyclient::VolumeKeyRequest> layers;
  std::optional<Error> failure;  // why it may not, or cannot, be used now; with KMS's code
};

// In whose name keys are opened.
struct KeyAccess {
  // For kms:Decrypt with this value of aws:ebs:id.
  std::function<Status(const kms::FoundKey& key, const std::string& context)> authorise;
  // Makes the uses durable in the trail, before any key leaves. Where one failed it gets the failed ones.
  std::function<Status(const std::vector<KeyUse>& uses)> record;
  kms::KeyUser user;  // as an external key store is told
};
KeyAccess access_of(Call& call);
// Work in the background; failures are not recorded by it, since they are met again and again.
KeyAccess access_of(Installation& installation, const Requester& requester);

// What a layer's data key is bound to, as policies and grants are asked about it.
kms::KeyRequest layer_key_request(const std::string& context);
// May the caller have keys under that KMS key opened with this value of aws:ebs:id?
Status authorise_decryption(Call& call, const std::string& kms_key_arn, const std::string& context);

// A session of volumed's for which it takes keys (control/volumed_client.h).
struct KeySession {
  std::string subject_id, session_id;
};
std::string make_session_id(Random& random);

// Has volumed hold the keys of all encrypted layers that the subject needs. Errors with KMS's codes
// (DisabledException…) where a key cannot be used: see is_about_a_key.
Status open_key_session(Installation& installation, const KeySession& session, const KeyAccess& access);
// The same for layers that volumed does not have yet.
Status open_key_session(Installation& installation, const KeySession& session,
                        const std::vector<control::NewLayer>& layers, const KeyAccess& access);

// The encrypted layers of the subject's chain as volumed has them now, top first.
Result<std::vector<control::NewLayer>> encrypted_layers_of(Installation& installation,
                                                           const std::string& subject_id);

// Which KMS key, and which version of it, wrapped the layer's data key; kCorrupt where it has none.
Result<keyclient::BlobIdentity> identify_key(const control::NewLayer& layer);

// Is the error that of a KMS key that may not or cannot be used?
bool is_about_a_key(const Error& error);
// "DisabledException: arn:… is disabled", to stand in a sentence.
std::string describe_key_error(const Error& error);

// The kms:Decrypt record of a use, made or refused.
DependentCall decrypt_record(const KeyUse& use);
ServiceEvent decrypt_event(const KeyUse& use, const std::string& account, const std::string& principal_arn);

}  // namespace coffer::services::ec2
