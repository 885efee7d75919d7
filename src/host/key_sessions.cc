// SPDX-License-Identifier: Apache-2.0
#include "host/key_sessions.h"

#include <algorithm>
#include <set>

#include "base/ids.h"

namespace coffer::host {
namespace {

tl::unexpected<Error> no_session() {
  return fail(ErrorKind::kConflict, "the keys were not prepared, or too long ago; it has to start again");
}

// Whether a layer occurs twice in `delivered` and `coming` together.
bool repeats(const volume::LayerKeys& delivered, const std::vector<keyclient::BoxedKey>& coming) {
  std::set<std::string_view> layers;
  for (const auto& key : delivered) layers.insert(key.layer_id);
  return !std::ranges::all_of(coming, [&](const auto& key) { return layers.insert(key.layer_id).second; });
}

}  // namespace

KeySessions::Session* KeySessions::find(const Name& name, Time now) {
  const auto found = sessions_.find(name);
  if (found == sessions_.end()) return nullptr;
  if (now - found->second.begun <= kLifetime) return &found->second;
  sessions_.erase(found);
  return nullptr;
}

void KeySessions::make_room(const Session* except) {
  size_t layers = 0;
  for (const auto& [name, session] : sessions_) layers += session.layers.size() + session.keys.size();
  while (sessions_.size() > 1 && (sessions_.size() > kMostSessions || layers > kMostLayers)) {
    auto oldest = sessions_.end();
    for (auto each = sessions_.begin(); each != sessions_.end(); ++each)
      if (&each->second != except && (oldest == sessions_.end() || each->second.begun < oldest->second.begun))
        oldest = each;
    layers -= oldest->second.layers.size() + oldest->second.keys.size();
    sessions_.erase(oldest);
  }
}

Result<control::PreparedKeys> KeySessions::begin(const std::string& subject_id, const std::string& session_id,
                                                 std::vector<control::NewLayer> layers, Time now) {
  if (!is_resource_id(session_id, "attach") && !is_resource_id(session_id, "session"))
    return fail(ErrorKind::kInvalidArgument, "not the id of an attachment or a session: " + session_id);
  control::PreparedKeys prepared{std::move(layers), Bytes(kNonceSize)};
  random_.fill(prepared.nonce);
  std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& each) { return now - each.second.begun > kLifetime; });
  Session& session = sessions_[{subject_id, session_id}] = {prepared.nonce, now, prepared.layers, {}};
  make_room(&session);
  return prepared;
}

Result<control::PreparedKeys> KeySessions::prepared(const std::string& subject_id,
                                                    const std::string& session_id, Time now) {
  std::lock_guard lock(mutex_);
  const Session* session = find({subject_id, session_id}, now);
  if (session == nullptr) return no_session();
  return control::PreparedKeys{session->layers, session->nonce};
}

Status KeySessions::deliver(const std::string& subject_id, const std::string& session_id, ByteView box,
                            Time now) {
  const Name name(subject_id, session_id);
  Bytes nonce;
  {
    std::lock_guard lock(mutex_);
    const Session* session = find(name, now);
    if (session == nullptr) return no_session();
    nonce = session->nonce;
  }
  COFFER_TRY(boxed, recipient_.open(box, {host_id_, subject_id, session_id, nonce}));
  std::lock_guard lock(mutex_);
  Session* session = find(name, now);
  if (session == nullptr || session->nonce != nonce) return no_session();
  if (repeats(session->keys, boxed))
    return fail(ErrorKind::kRefusedCiphertext, "the box repeats a layer of the session");
  if (session->keys.size() + boxed.size() > kMostKeys)
    return fail(ErrorKind::kLimitExceeded, "too many keys for one session");
  session->layers = {};
  for (auto& one : boxed) session->keys.push_back({std::move(one.layer_id), std::move(one.key)});
  make_room(session);
  return {};
}

std::optional<volume::LayerKeys> KeySessions::take(const std::string& subject_id,
                                                   const std::string& session_id, Time now) {
  std::lock_guard lock(mutex_);
  const Name name(subject_id, session_id);
  Session* session = find(name, now);
  if (session == nullptr) return std::nullopt;
  auto keys = std::move(session->keys);
  sessions_.erase(name);
  return keys;
}

bool KeySessions::expire(Time now) {
  std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& each) { return now - each.second.begun > kLifetime; });
  return !sessions_.empty();
}

size_t KeySessions::keys() const {
  std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [name, session] : sessions_) count += session.keys.size();
  return count;
}

}  // namespace coffer::host
