// SPDX-License-Identifier: Apache-2.0
// An apid without sockets for measurements: the real catalog, the real keyd on a channel, the handlers of KMS,
// IAM, STS and Organizations behind the real pipeline. Used by one thread.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "api/accounts.h"
#include "api/pipeline.h"
#include "services/iam/iam_service.h"
#include "services/kms/kms_service.h"
#include "services/organizations/organizations_service.h"
#include "services/sts/sts_service.h"
#include "tests/unit/catalog/temporary_folder.h"
#include "tests/unit/keyclient/keyd_in_process.h"

namespace coffer::bench {

// Ends the program with the error's message.
[[noreturn]] void give_up(const std::string& message);
template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(*result);
}

struct Credentials {
  std::string access_key_id;
  std::shared_ptr<const secret::SecretBytes> secret;
  std::string session_token;
};

using Form = std::vector<std::pair<std::string, std::string>>;  // without Action and Version

class MeasuredInstallation {
 public:
  static constexpr const char* kAccount = "111122223333";
  static constexpr const char* kRegion = "us-west-2";

  MeasuredInstallation();

  const Credentials& root() const { return root_; }
  Installation& parts() { return *installation_; }

  // A signed request of the JSON protocols, and its answer. Anything but 200 ends the program.
  nlohmann::json json_call(const Credentials& by, const std::string& service, const std::string& operation,
                           const nlohmann::json& request);
  // The same of IAM and STS: the answer is XML.
  std::string form_call(const Credentials& by, const std::string& service, const std::string& operation,
                        const Form& form);
  wire::HttpRequest signed_kms_request(const Credentials& by, const std::string& operation,
                                       const nlohmann::json& request) const;
  void serve(wire::HttpRequest request) { answer_of(std::move(request)); }

  // Who made the last call, as its handler saw it.
  const policy::Principal& last_principal() const { return last_principal_; }

 private:
  std::string answer_of(wire::HttpRequest request);
  api::Service watched(const wire::ServiceModel& model, api::Service::Dispatch dispatch);
  api::ServiceRegistry services();

  testing::TemporaryFolder folder_;
  keyclient::KeydInProcess keyd_server_;
  keyclient::KeydClient keyd_;
  control::VolumedClient volumed_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Installation> installation_;
  services::kms::KmsService kms_;
  services::iam::IamService iam_;
  services::sts::StsService sts_;
  services::organizations::OrganizationsService organizations_;
  std::unique_ptr<api::Pipeline> pipeline_;
  Credentials root_;
  policy::Principal last_principal_;
};

// The text of the first element of that name.
std::string element(const std::string& xml, const std::string& name);

}  // namespace coffer::bench
