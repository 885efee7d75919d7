// SPDX-License-Identifier: Apache-2.0
// Puts standard input into the kernel's keyring, as `keyctl padd logon NAME @u` does; for guests, so linked
// statically. Device-mapper tables name such keys.
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: add_kernel_key NAME < KEY\n", stderr);
    return 2;
  }
  char key[256];
  const ssize_t size = ::read(0, key, sizeof key);
  if (size > 0 && ::syscall(SYS_add_key, "logon", arguments[1], key, size, KEY_SPEC_USER_KEYRING) >= 0)
    return 0;
  std::perror("add_kernel_key");
  return 1;
}
