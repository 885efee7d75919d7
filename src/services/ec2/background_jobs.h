// SPDX-License-Identifier: Apache-2.0
// Keys for volumed's background work that waits for them, in the name of whoever asked for it. Used by one
// thread.
#pragma once
#include <map>
#include <string>

#include "catalog/rows.h"
#include "control/volumed_client.h"
#include "services/ec2/requester.h"
#include "services/installation.h"

namespace coffer::services::ec2 {

using JobsBySubject = std::map<std::string, control::Job>;

// 0 to 99: what is not done is never shown as 100.
uint32_t percent_of(const control::Job& job);

// What a snapshot's StateMessage says when a key could not be used: the cause, and what to do. `action` is
// what must be allowed.
std::string inaccessible_key_message(const Error& error, const std::string& action);

class BackgroundJobs {
 public:
  explicit BackgroundJobs(Installation& installation) : installation_(installation) {}

  Result<JobsBySubject> list();
  // Gets the job going if it waits for keys or failed, unless it was tried a moment ago. The error is the
  // last try's, also when this was too early for another. `requester`: in whose name.
  Status run(const control::Job& job, const Requester& requester);
  // Forgets tries of jobs that are no more.
  void keep_only(const JobsBySubject& jobs);

 private:
  struct Tried {
    Timestamp when;
    Status outcome;
  };
  Status open_and_run(const control::Job& job, const Requester& requester);

  Installation& installation_;
  std::map<std::string, Tried> tried_;
};

}  // namespace coffer::services::ec2
