// SPDX-License-Identifier: Apache-2.0
#include "cli/admin_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/file_descriptor.h"
#include "base/socket.h"
#include "cli/data_folder.h"
#include "cli/run_folder.h"

namespace coffer::cli {
namespace {

constexpr size_t kLargestReply = 64 << 20;

ErrorKind kind_of(std::string_view code) {
  if (code.find("NotFound") != std::string_view::npos) return ErrorKind::kNotFound;
  if (code == "ServiceUnavailable" || code == "InternalFailure" || code == "InternalError")
    return ErrorKind::kIo;
  if (code == "ValidationError") return ErrorKind::kInvalidArgument;
  return ErrorKind::kPermissionDenied;
}

Result<FileDescriptor> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::kInternal, path + " is too long for a socket");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail_errno("socket");
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EACCES || errno == EPERM)
      return fail(ErrorKind::kPermissionDenied, "only the user that runs `coffer up` may use " + path);
    return fail(ErrorKind::kUnavailable, "nothing answers on " + path);
  }
  return socket;
}

Result<std::string> receive_line(int socket, int patience_ms) {
  using std::chrono::steady_clock;
  const auto give_up = steady_clock::now() + std::chrono::milliseconds(patience_ms);
  std::string line;
  char piece[16384];
  while (line.find('\n') == std::string::npos) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(give_up - steady_clock::now()).count();
    pollfd readable{socket, POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) == 0)
      return fail(ErrorKind::kIo,
                  "apid does not answer; it may be restarting (see the output of `coffer up`)");
    const ssize_t got = ::recv(socket, piece, sizeof piece, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(ErrorKind::kIo, "apid ended before it answered; try again");
    line.append(piece, static_cast<size_t>(got));
    if (line.size() > kLargestReply) return fail(ErrorKind::kLimitExceeded, "the answer is too long");
  }
  return line.substr(0, line.find('\n'));
}

}  // namespace

Result<Served> find_served(const std::string& data) {
  COFFER_TRY(folder, find_data_folder(data));
  if (!is_served(folder))
    return fail(ErrorKind::kUnavailable, "not running: start it with `coffer up --data " + data + "`");
  COFFER_TRY(run_folder, find_run_folder(folder));
  return Served{folder, run_folder};
}

Result<Document> ask(const Served& served, const Document& request, int patience_ms) {
  COFFER_TRY(socket, connect_unix(served.run_folder + "/admin.sock"));
  COFFER_CHECK(send_all(socket.get(), request.line() + "\n"));
  COFFER_TRY(line, receive_line(socket.get(), patience_ms));
  return parse_reply(line);
}

Result<Document> parse_reply(std::string_view line) {
  auto reply = Document::parse(line);
  if (!reply || !reply->has("ok")) return fail(ErrorKind::kCorrupt, "apid's answer cannot be understood");
  if (reply->flag("ok")) return reply->child("result");
  const std::string code = reply->text("error.code");
  return fail(kind_of(code), reply->text("error.message"), code);
}

}  // namespace coffer::cli
