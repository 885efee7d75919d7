// SPDX-License-Identifier: Apache-2.0
#include "export/export_directory.h"

#include <sys/socket.h>

namespace coffer::exporting {

void ExportDirectory::add(NbdExport served) {
  const std::string name = served.name;
  std::lock_guard lock(mutex_);
  entries_.insert_or_assign(name, std::make_shared<Entry>(std::move(served)));
}

void ExportDirectory::remove(const std::string& name) {
  std::unique_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  const std::shared_ptr<Entry> entry = std::move(found->second);
  entries_.erase(found);
  entry->stopping = true;
  // Whoever waits for a request sees the end; whoever is answering one may finish.
  for (const int socket : entry->sockets) ::shutdown(socket, SHUT_RD);
  const auto idle = [&] { return entry->sockets.empty(); };
  if (client_left_.wait_for(lock, limits_.drain, idle)) return;
  for (const int socket : entry->sockets) ::shutdown(socket, SHUT_RDWR);
  client_left_.wait(lock, idle);
}

std::optional<OfferedExport> ExportDirectory::find(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  return offer(found->second->served);
}

std::vector<std::string> ExportDirectory::names() const {
  std::vector<std::string> names;
  std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

uint32_t ExportDirectory::clients(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? 0 : static_cast<uint32_t>(found->second->sockets.size());
}

std::unique_ptr<ExportDirectory::Visit> ExportDirectory::enter(const std::string& name, int socket) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second->sockets.size() >= limits_.clients) return nullptr;
  found->second->sockets.insert(socket);
  return std::unique_ptr<Visit>(new Visit(*this, found->second, socket));
}

ExportDirectory::Visit::~Visit() {
  std::lock_guard lock(directory_.mutex_);
  entry_->sockets.erase(socket_);
  entry_.reset();  // before remove() goes on, so that the device is not kept by us
  directory_.client_left_.notify_all();
}

const NbdExport& ExportDirectory::Visit::served() const {
  return entry_->served;
}
const std::atomic<bool>& ExportDirectory::Visit::stopping() const {
  return entry_->stopping;
}

}  // namespace coffer::exporting
