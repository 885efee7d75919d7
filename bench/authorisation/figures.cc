// SPDX-License-Identifier: Apache-2.0
// What it costs to decide whether a caller may use a KMS key, beside what the whole call costs: processor
// time, in one process with keyd's server and the catalog, without sockets. Prints one "name nanoseconds ns"
// a line; bench/authorisation_cost.py makes a table of them. bench_authorisation [ROUNDS [CALLER]]: only that
// caller. TMPDIR should be in memory.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>

#include "base/log.h"
#include "bench/authorisation/callers.h"
#include "services/kms/key_access.h"

namespace coffer::bench {
namespace {

constexpr int kDecisions = 4000, kCalls = 400, kSignedAhead = 100;
constexpr const char* kAction = "kms:GenerateDataKey";

int64_t processor_nanoseconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// A call as a handler has it.
class MeasuredCall final : public Call {
 public:
  MeasuredCall(Installation& parts, const policy::Principal& who) : Call(parts, who) {
    account = who.account;
    region = MeasuredInstallation::kRegion;
    service = "kms";
    operation = "GenerateDataKey";
    source_ip_address = "127.0.0.1";
    user_agent = "benchmark";
    time = parts.clock.now();
  }
  Status record_now(catalog::Transaction&, const DependentCall&) override { return {}; }

 protected:
  Status on_commit(catalog::Transaction&, const wire::Value&) override { return {}; }
  void after_commit() override {}
};

void print(const std::string& name, int64_t nanoseconds, int count) {
  fmt::print("{} {} ns\n", name, nanoseconds / count);
}

void measure_calls(MeasuredInstallation& installation, const MeasuredCaller& caller) {
  const nlohmann::json request = {
      {"KeyId", caller.key_arn}, {"KeySpec", "AES_256"}, {"EncryptionContext", {{"purpose", "measuring"}}}};
  int64_t spent = 0;
  for (int done = 0; done < kCalls; done += kSignedAhead) {
    std::vector<wire::HttpRequest> requests;
    for (int each = 0; each < kSignedAhead; ++each)
      requests.push_back(installation.signed_kms_request(caller.credentials, "GenerateDataKey", request));
    const int64_t start = processor_nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (auto& each : requests) installation.serve(std::move(each));
    spent += processor_nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - start;
  }
  print(caller.name + "_call", spent, kCalls);
}

// Needs one call of this caller before it: that tells who it is.
void measure_decisions(MeasuredInstallation& installation, const MeasuredCaller& caller) {
  const policy::Principal principal = installation.last_principal();
  std::deque<MeasuredCall> calls;
  for (int each = 0; each < kDecisions; ++each) calls.emplace_back(installation.parts(), principal);
  MeasuredCall finder(installation.parts(), principal);
  const auto found =
      must(services::kms::find_key(finder, kAction, caller.key_arn, services::kms::AliasUse::kAllowed));
  services::kms::KeyRequest said;
  said.encryption_context = {{"purpose", "measuring"}};
  said.encryption_algorithm = "SYMMETRIC_DEFAULT";
  const int64_t start = processor_nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  for (auto& call : calls) {
    const auto allowed = services::kms::authorise_key(call, kAction, found, said);
    if (!allowed) give_up(allowed.error().message);
  }
  print(caller.name, processor_nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start, kDecisions);
}

void measure(int rounds, const std::string& only) {
  MeasuredInstallation alone, organization;
  const std::vector<MeasuredCaller> callers = {root_user(alone), user(alone), role_session(alone),
                                               grantee(alone), user_with_large_policies(alone)};
  const MeasuredCaller member = member_of_organization(organization);
  const auto measure_one = [&](MeasuredInstallation& installation, const MeasuredCaller& caller) {
    if (!only.empty() && caller.name != only) return;
    measure_calls(installation, caller);
    measure_decisions(installation, caller);
  };
  for (int round = 0; round < rounds; ++round) {
    for (const MeasuredCaller& caller : callers) measure_one(alone, caller);
    measure_one(organization, member);
  }
}

}  // namespace
}  // namespace coffer::bench

int main(int count, char** arguments) {
  coffer::bench::measure(count > 1 ? std::atoi(arguments[1]) : 5, count > 2 ? arguments[2] : "");
}
