# SPDX-License-Identifier: Apache-2.0
"""A small Linux guest under QEMU's TCG: Debian's cloud kernel, busybox, and a script as its whole work. It proves
function, never speed."""
import glob
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from harness import BUILD

PROGRAMS = ("dmsetup", "mke2fs", "e2fsck", "fstrim", "blkdiscard")
MODULES = ("virtio_pci", "virtio_blk", "dm-mod", "dm-crypt", "dm-zero", "aesni_intel", "xts", "cryptd", "ext4",
           "crc32c_generic", "crc32c_intel", "loop")
INIT = """#!/bin/sh
export PATH=/sbin:/bin:/usr/sbin:/usr/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs t /tmp
while read module; do insmod /lib/modules/$module 2>/dev/null; done < /modules.list
echo GUEST-BEGIN
. /script
echo GUEST-END
sync; poweroff -f
"""


def kernel():
    return sorted(glob.glob("/boot/vmlinuz-*-cloud-amd64"), key=lambda p: [int(n) for n in re.findall(r"\d+", p)])[-1]


def _copy_with_libraries(program, root):
    path = Path(shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")).resolve()
    shutil.copy(path, root / "sbin" / program)
    for library in re.findall(r"/[^ \n]*", subprocess.run(["ldd", path], capture_output=True, text=True).stdout):
        if library.startswith("/") and os.path.isfile(library):
            target = root / library.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)


def _copy_modules(root):
    release = Path(kernel()).name.removeprefix("vmlinuz-")
    listed = []
    for module in MODULES:
        depends = subprocess.run(["modprobe", "-S", release, "--show-depends", module], capture_output=True, text=True)
        for path in re.findall(r"^insmod (\S+)", depends.stdout, re.M):
            if path not in listed:
                listed.append(path)
    for path in listed:
        shutil.copy(path, root / "lib" / "modules")
    (root / "modules.list").write_text("".join(Path(p).name + "\n" for p in listed))


def _base():
    """The initramfs without a script, made once for a kernel."""
    key = hashlib.sha256((kernel() + INIT + str(PROGRAMS) + str(MODULES)).encode()).hexdigest()[:16]
    archive = BUILD / f"guest-{key}.cpio"
    if archive.exists():
        return archive
    root = BUILD / f"guest-{key}.root"
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "sbin", "proc", "sys", "dev", "tmp", "mnt", "etc", "lib/modules", "run", "var"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy("/usr/bin/busybox", root / "bin" / "busybox")
    for applet in subprocess.run(["/usr/bin/busybox", "--list"], capture_output=True, text=True).stdout.split():
        if applet not in ("busybox", *PROGRAMS):
            (root / "bin" / applet).symlink_to("busybox")
    for program in PROGRAMS:
        _copy_with_libraries(program, root)
    shutil.copy("/etc/mke2fs.conf", root / "etc")
    _copy_modules(root)
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    _pack(root, archive)
    shutil.rmtree(root)
    return archive


def _pack(root, archive):
    names = "\n".join(str(p.relative_to(root)) for p in sorted(root.rglob("*")))
    partial = archive.with_suffix(".new")
    with open(partial, "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names.encode(), stdout=out, check=True)
    partial.rename(archive)


def run_guest(folder, script, drives, files=None, seconds=240, devices=()):
    """Boots, runs the script, powers off; gives what it printed between the marks. `drives` are QEMU -drive options
    without id, `devices` more of its arguments; `files` (name → bytes) are found in the guest's root."""
    overlay = Path(folder) / "overlay"
    shutil.rmtree(overlay, ignore_errors=True)
    overlay.mkdir(parents=True)
    (overlay / "script").write_text(script)
    for name, contents in (files or {}).items():
        (overlay / name).write_bytes(contents)
    _pack(overlay, Path(folder) / "overlay.cpio")
    initrd = Path(folder) / "initrd"
    with open(initrd, "wb") as out:  # the kernel unpacks one archive after the other
        for part in (_base(), Path(folder) / "overlay.cpio"):
            out.write(part.read_bytes())
            out.write(b"\0" * (-out.tell() % 4))
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "qemu64,+aes,+ssse3,+sse4.1,+sse4.2,+pclmulqdq",
               "-smp", "1", "-m", "512", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
               "-kernel", kernel(), "-initrd", str(initrd), "-append",
               "console=ttyS0 quiet panic=-1 tsc=unstable no_timer_check mitigations=off random.trust_cpu=on cryptomgr.notests"]
    for drive in drives:
        command += ["-drive", f"{drive},if=virtio,format=raw"]
    command += devices
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, stdin=subprocess.DEVNULL)
    match = re.search(r"GUEST-BEGIN\r?\n(.*)GUEST-END", result.stdout, re.S)
    assert match, f"the guest did not finish\n{result.stdout[-3000:]}\n{result.stderr[-2000:]}"
    return match.group(1).replace("\r", "")
