// SPDX-License-Identifier: Apache-2.0
// The messages of keyd's protocol about keys in PKCS#11 tokens (docs/format/keyd-protocol.md), operations 55
// to 59. Using such a key takes none of these: its backing-key token goes where any other does. Pure and
// bounded, like keyd_protocol.h.
#pragma once
#include "format/hsm_login_outcome.h"
#include "format/keyd_protocol.h"

namespace coffer::format::keyd {

struct DescribeHsmCluster {
  std::string cluster_id;
  std::string account;          // whose key store asks
  std::string certificate_pem;  // is it the cluster's trust anchor? Empty: not asked
  bool look = false;            // whether the token is there and fit, which takes time
  void write(Writer& writer) const;
  static DescribeHsmCluster read(Reader& reader);
};
struct HsmClusterReply {
  bool known = false;   // and the account's to use
  bool trusts = false;  // the certificate; true of any where the operator has named none
  HsmLoginOutcome found = HsmLoginOutcome::kLoggedIn;  // of the look: a log-in could begin, or why not
  void write(Writer& writer) const;
  static HsmClusterReply read(Reader& reader);
};

// How the user of a key store logs in; part of every request that may have to.
struct HsmLogin {
  std::string cluster_id;
  std::string key_store_id;
  Bytes wrapped_password;  // SecretKind::kKeyStorePassword, named by the key store's id
  void write(Writer& writer) const;
  static HsmLogin read(Reader& reader);
};

enum class HsmConnection : uint8_t {
  kDisconnect = 0,  // log out and end the process
  kConnect = 1,     // log in now, anew
  kRemember = 2,    // log in with the first call that needs it, unless that is known already
};
struct ConnectHsm {
  HsmLogin login;
  HsmConnection connection = HsmConnection::kConnect;
  void write(Writer& writer) const;
  static ConnectHsm read(Reader& reader);
};
struct HsmLoginReply {
  HsmLoginOutcome outcome = HsmLoginOutcome::kLoggedIn;
  void write(Writer& writer) const;
  static HsmLoginReply read(Reader& reader);
};

struct CreateHsmKey {
  HsmLogin login;
  KeyBinding binding;
  uint32_t version = 1;
  void write(Writer& writer) const;
  static CreateHsmKey read(Reader& reader);
};
struct HsmKeyReply {
  std::string label;  // of the object in the token
  Bytes token;        // the backing-key token
  void write(Writer& writer) const;
  static HsmKeyReply read(Reader& reader);
};

struct DestroyHsmKey {
  HsmLogin login;
  WrappedBackingKey key;
  void write(Writer& writer) const;
  static DestroyHsmKey read(Reader& reader);
};

struct GenerateHsmRandom {
  HsmLogin login;
  uint32_t size = 0;
  void write(Writer& writer) const;
  static GenerateHsmRandom read(Reader& reader);
};

// Does the operation encrypt or decrypt with a KMS key, wherever that is?
bool uses_key(Operation operation);
// Does the operation use a key in a token? Then it may take as long as the token likes. Reads no more of the
// packet than it takes.
bool concerns_hsm(const Request& request);

}  // namespace coffer::format::keyd
