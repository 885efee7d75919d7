// SPDX-License-Identifier: Apache-2.0
// A place where a development installation can be told to die, so that tests can ask what a client's retry
// finds. The file DIR/run/failpoint, "after-commit OPERATION", makes the next commit of that operation the
// process's last act. Outside development it does nothing at all.
#pragma once
#include <string>

namespace coffer::api {

class Failpoint {
 public:
  Failpoint() = default;  // never fires
  // Only when `development` is true does it look at `path`.
  Failpoint(bool development, std::string path) : path_(development ? std::move(path) : std::string()) {}

  // Removes the file and kills this process when the file asks for it.
  void after_commit(const std::string& operation) const;

 private:
  std::string path_;
};

}  // namespace coffer::api
