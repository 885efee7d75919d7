// SPDX-License-Identifier: Apache-2.0
// The exports that clients of a shared listener may ask for by name, and who uses which. Thread-safe.
#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "export/nbd_export.h"
#include "export/offered_exports.h"

namespace coffer::exporting {

class ExportDirectory {
  struct Entry;

 public:
  // Of the limits, those of one export count: clients, drain.
  explicit ExportDirectory(const NbdLimits& limits) : limits_(limits) {}

  // From now on clients find it. Replaces one of the same name that nobody uses any more.
  void add(NbdExport served);
  // Nobody finds it any more; lets the running request of each of its clients end and its reply leave, and
  // closes them: the device is idle when it returns, but not flushed. Idempotent.
  void remove(const std::string& name);

  std::optional<OfferedExport> find(std::string_view name) const;
  std::vector<std::string> names() const;
  uint32_t clients(const std::string& name) const;

  // One client's use of an export, for as long as it exists.
  class Visit {
   public:
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    const NbdExport& served() const;
    const std::atomic<bool>& stopping() const;

   private:
    friend class ExportDirectory;
    Visit(ExportDirectory& directory, std::shared_ptr<Entry> entry, int socket)
        : directory_(directory), entry_(std::move(entry)), socket_(socket) {}
    ExportDirectory& directory_;
    std::shared_ptr<Entry> entry_;
    const int socket_;
  };
  // Null: there is no such export, or it has as many clients as it may. `socket` is shut down when the export
  // goes; it and the directory outlive the visit.
  std::unique_ptr<Visit> enter(const std::string& name, int socket);

 private:
  struct Entry {
    explicit Entry(NbdExport what) : served(std::move(what)) {}
    const NbdExport served;
    std::atomic<bool> stopping = false;
    std::set<int> sockets;  // under the directory's mutex
  };

  const NbdLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable client_left_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;  // under mutex_
};

}  // namespace coffer::exporting
