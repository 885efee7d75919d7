// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/background_jobs.h"

#include <fmt/format.h>

#include "services/ec2/layer_keys.h"

namespace coffer::services::ec2 {
namespace {

constexpr int64_t kBetweenTries = 5ll * 1000000;

}  // namespace

uint32_t percent_of(const control::Job& job) {
  if (job.total_bytes == 0) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(99, job.done_bytes * 100 / job.total_bytes));
}

std::string inaccessible_key_message(const Error& error, const std::string& action) {
  return fmt::format(
      "Given key ID is not accessible. {}. Name a key that exists and is enabled, and on which whoever "
      "copies "
      "is allowed {}; then delete this snapshot and call CopySnapshot again.",
      describe_key_error(error), action);
}

Result<JobsBySubject> BackgroundJobs::list() {
  COFFER_TRY(jobs, installation_.volumed.jobs());
  JobsBySubject by_subject;
  for (auto& job : jobs) by_subject.insert_or_assign(job.subject_id, std::move(job));
  return by_subject;
}

Status BackgroundJobs::run(const control::Job& job, const Requester& requester) {
  if (job.state == "running") return {};
  const Timestamp now = installation_.clock.now();
  const auto before = tried_.find(job.subject_id);
  if (before != tried_.end() && now.microseconds - before->second.when.microseconds < kBetweenTries &&
      now >= before->second.when)
    return before->second.outcome;
  const Status outcome = open_and_run(job, requester);
  tried_.insert_or_assign(job.subject_id, Tried{now, outcome});
  return outcome;
}

Status BackgroundJobs::open_and_run(const control::Job& job, const Requester& requester) {
  const KeySession session{job.subject_id, make_session_id(installation_.random)};
  COFFER_CHECK(open_key_session(installation_, session, access_of(installation_, requester)));
  return installation_.volumed.run_job(job.subject_id, session.session_id);
}

void BackgroundJobs::keep_only(const JobsBySubject& jobs) {
  std::erase_if(tried_, [&](const auto& each) { return !jobs.contains(each.first); });
}

}  // namespace coffer::services::ec2
