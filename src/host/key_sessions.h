// SPDX-License-Identifier: Apache-2.0
// Data keys on their way to the call that uses them. A session belongs to one subject (a volume, a snapshot,
// a layer that background work fills); its nonce binds the boxes in which keyd sends the keys. It is over
// when a call takes its keys, when it was prepared anew, or after a while: the keys are wiped then, and a box
// that was relayed once opens nothing later. Thread-safe.
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "control/volumed_types.h"
#include "host/key_recipient.h"
#include "volume/volume_store.h"

namespace coffer::host {

class KeySessions {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kNonceSize = 16;
  static constexpr std::chrono::seconds kLifetime{120};
  // Beyond these the oldest sessions go.
  static constexpr size_t kMostSessions = 1024;
  static constexpr size_t kMostLayers = 32 * 1024;  // described and delivered, over all sessions
  static constexpr size_t kMostKeys = 8 * 1024;     // of one session; beyond it kLimitExceeded

  KeySessions(Random& random, std::string host_id, const KeyRecipient& recipient)
      : random_(random), host_id_(std::move(host_id)), recipient_(recipient) {}

  // A new session with a fresh nonce. kInvalidArgument: not the id of an attachment or a session.
  Result<control::PreparedKeys> begin(const std::string& subject_id, const std::string& session_id,
                                      std::vector<control::NewLayer> layers, Time now);
  // What begin() answered, until the first keys are here. kConflict when there is no such session.
  Result<control::PreparedKeys> prepared(const std::string& subject_id, const std::string& session_id,
                                         Time now);
  // Opens a box into the session. kRefusedCiphertext unless it was sealed to this host, for exactly this
  // session, and holds no key of a layer whose key is here already; kConflict when there is no such session.
  Status deliver(const std::string& subject_id, const std::string& session_id, ByteView box, Time now);
  // Ends the session and hands its keys over; nothing when there is no such session.
  std::optional<volume::LayerKeys> take(const std::string& subject_id, const std::string& session_id,
                                        Time now);

  // Ends what is too old at `now`. Whether anything is left.
  bool expire(Time now);
  size_t keys() const;  // in memory

 private:
  struct Session {
    Bytes nonce;
    Time begun;
    std::vector<control::NewLayer> layers;
    volume::LayerKeys keys;
  };
  using Name = std::pair<std::string, std::string>;  // subject, session
  using Sessions = std::map<Name, Session>;

  Session* find(const Name& name, Time now);
  void make_room(const Session* except);

  Random& random_;
  const std::string host_id_;
  const KeyRecipient& recipient_;
  mutable std::mutex mutex_;
  Sessions sessions_;  // under mutex_
};

}  // namespace coffer::host
