// SPDX-License-Identifier: Apache-2.0
#include "cli/secret_input.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_descriptor.h"
#include "cli/output.h"

namespace coffer::cli {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

constexpr size_t kLongest = 4096;

// Without echo as long as this lives. Signals still end the program: the terminal's state is put back by the
// shell then.
class QuietTerminal {
 public:
  explicit QuietTerminal(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    changed_ = ::tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  bool quiet() const { return changed_; }

 private:
  int terminal_;
  termios before_{};
  bool changed_ = false;
};

}  // namespace

// Byte by byte: what follows the line break is the next reader's.
Result<SecretBytes> read_secret(int descriptor) {
  SecretBytes typed(kLongest);
  const MutableByteView out = typed.write(RawAccess::because("a passphrase is read"));
  size_t size = 0;
  while (true) {
    uint8_t byte = 0;
    const ssize_t got = ::read(descriptor, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(ErrorKind::kInvalidArgument,
                  errno_error("descriptor " + std::to_string(descriptor)).message);
    if (got == 0 || byte == '\n') break;
    if (size == kLongest) return fail(ErrorKind::kInvalidArgument, "the passphrase is too long");
    out[size++] = byte;
  }
  if (size == 0) return fail(ErrorKind::kInvalidArgument, "no passphrase was given");
  return typed.slice(0, size);
}

Result<SecretBytes> ask_for_secret(const std::string& prompt) {
  FileDescriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.valid())
    return fail(ErrorKind::kInvalidArgument, "there is no terminal to ask at; give it through a descriptor");
  const QuietTerminal quiet(terminal.get());
  if (!quiet.quiet()) return fail(ErrorKind::kUnavailable, "the terminal cannot be kept from echoing");
  if (::write(terminal.get(), prompt.data(), prompt.size()) < 0) return fail_errno("terminal");
  return read_secret(terminal.get());
}

Result<SecretBytes> ask_for_new_secret(const std::string& prompt) {
  while (true) {
    COFFER_TRY(first, ask_for_secret(prompt + ": "));
    COFFER_TRY(again, ask_for_secret("again: "));
    if (first.equals(again)) return first;
    complain("they differ; once more");
  }
}

}  // namespace coffer::cli
