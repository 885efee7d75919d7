#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Coffer's block I/O beside other NBD servers: the same fio and nbdcopy runs against Coffer with and without encryption,
nbdkit file, nbdkit's luks filter, qemu-nbd raw and qemu-nbd luks, all in memory and over Unix sockets, interleaved in
rounds. Prints docs/PERFORMANCE.md's tables: medians, ratios, and which targets are met. With --check the exit status is 1
when a target is missed."""
import argparse
import contextlib
import ctypes
import dataclasses
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from harness import Coffer  # noqa: E402

MIB = 1 << 20
COFFER, COFFER_PLAIN = "Coffer encrypted", "Coffer plain"
PLAIN_PEERS = ("nbdkit file", "qemu-nbd raw")
ENCRYPTED_PEERS = ("nbdkit luks", "qemu-nbd luks")
SERVERS = (COFFER, COFFER_PLAIN, *PLAIN_PEERS, *ENCRYPTED_PEERS)


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    unit: str  # "IOPS" or "GB/s": more is better; "µs": less is
    fio: tuple = ()  # rw, block size, depth, jobs; empty for nbdcopy
    plain: float = 0.95  # targets: × the best plain peer,
    encrypted: float = 0  # × the best encrypted peer,
    own: float = 0.85  # × Coffer plain


ROWS = (
    Row("4k random read QD1", "IOPS", ("randread", "4k", 1, 1), own=0.95),
    Row("4k random read QD32", "IOPS", ("randread", "4k", 32, 1), plain=1.8, encrypted=2.5, own=0.95),
    Row("4k random read QD1 × 4 jobs", "IOPS", ("randread", "4k", 1, 4), own=0.95),
    Row("4k random write QD1", "IOPS", ("randwrite", "4k", 1, 1), own=0.95),
    Row("4k random write QD32", "IOPS", ("randwrite", "4k", 32, 1), own=0.95),
    Row("64k sequential read", "GB/s", ("read", "64k", 8, 1), plain=1.3, encrypted=2.7),
    Row("1M sequential read", "GB/s", ("read", "1M", 8, 1), plain=1.3, encrypted=2.7),
    Row("64k sequential write", "GB/s", ("write", "64k", 8, 1), encrypted=2.7),
    Row("1M sequential write", "GB/s", ("write", "1M", 8, 1), encrypted=2.7),
    Row("nbdcopy read", "GB/s", plain=2.0, encrypted=2.7),
)
# Rows that others bring along.
LATENCY = Row("4k random read QD1, median latency", "µs", plain=0, own=0)
CPU_READ = Row("server CPU per 4k read, QD32", "µs", plain=0.5, own=0)
CPU_WRITE = Row("server CPU per 4k write, QD32", "µs", plain=0.5, own=0)
BROUGHT = {"4k random read QD1": ("latency", LATENCY), "4k random read QD32": ("cpu", CPU_READ),
           "4k random write QD32": ("cpu", CPU_WRITE)}
MOST_ADDED_LATENCY = 3.0  # µs, encrypted against plain


def die_with_parent():
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def run(*command, seconds=120):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=seconds, preexec_fn=die_with_parent, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    return done.stdout


@dataclasses.dataclass
class Server:
    name: str
    socket: str
    pid: int

    @property
    def uri(self):
        return f"nbd+unix:///?socket={self.socket}"

    def cpu_seconds(self):
        """User and system time of all its threads, those that have ended included."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# The servers


def start(cleanup, name, socket, *command):
    """A peer, until `cleanup` closes."""
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def stop():
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    cleanup.callback(stop)
    deadline = time.monotonic() + 20
    while not os.path.exists(socket):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"{name} does not start: {process.stderr.read()[-2000:]}")
        time.sleep(0.02)
    return Server(name, str(socket), process.pid)


def create_luks(path, secret, size):
    """AES-256-XTS, as Coffer's volumes."""
    for attempt in range(20):
        with contextlib.suppress(RuntimeError if attempt < 19 else ()):
            # Its measurement of the passphrase's iterations fails now and then: "Unable to get accurate CPU usage".
            run("qemu-img", "create", "-q", "--object", f"secret,id=s,file={secret}", "-f", "luks",
                "-o", "key-secret=s,iter-time=10,cipher-alg=aes-256,cipher-mode=xts,ivgen-alg=plain64", path, size)
            return


def start_peers(cleanup, folder, size, image):
    """The four, on files of their own that hold `image`."""
    secret = folder / "secret"
    secret.write_text("a passphrase")
    raw = {name: folder / name for name in ("nbdkit.raw", "qemu.raw")}
    luks = {name: folder / name for name in ("nbdkit.luks", "qemu.luks")}
    sockets = {name: folder / f"{name}.s" for name in ("nr", "nl", "qr", "ql")}
    for path in raw.values():
        shutil.copyfile(image, path)
    for path in luks.values():
        create_luks(path, secret, size)
    nbdkit = ("nbdkit", "--foreground", "--unix")
    qemu = ("qemu-nbd", "--persistent", "--shared=16", "--socket")
    peers = [
        start(cleanup, "nbdkit file", sockets["nr"], *nbdkit, sockets["nr"], "file", raw["nbdkit.raw"]),
        start(cleanup, "qemu-nbd raw", sockets["qr"], *qemu, sockets["qr"], "--format=raw", raw["qemu.raw"]),
        start(cleanup, "nbdkit luks", sockets["nl"], *nbdkit, sockets["nl"], "--filter=luks", "file",
              luks["nbdkit.luks"], f"passphrase=+{secret}"),
        start(cleanup, "qemu-nbd luks", sockets["ql"], *qemu, sockets["ql"], "--object", f"secret,id=s,file={secret}",
              "--image-opts", f"driver=luks,key-secret=s,file.driver=file,file.filename={luks['qemu.luks']}")]
    for peer in peers[2:]:
        fill(image, peer)
    return peers


def start_coffer(cleanup, folder, size, image, io):
    """One installation with two volumes: its coffer-volumed serves one at a time, as only one is measured at a time."""
    installation = Coffer(folder / "c", "--io", io)
    cleanup.callback(installation.stop)
    installation.start()
    ec2 = installation.client("ec2")
    servers = []
    for name, device, encrypted in ((COFFER, "/dev/sdf", True), (COFFER_PLAIN, "/dev/sdg", False)):
        volume = installation.create_volume(ec2, size=-(-size // (1 << 30)), Encrypted=encrypted)
        uri = installation.attach(volume, device, ec2)
        # A short path of characters that no URI quotes: fio takes no other.
        short = folder / f"{device[-1]}.s"
        short.symlink_to(uri.partition("socket=")[2])
        servers.append(Server(name, str(short), installation.daemons()["coffer-volumed"]))
        fill(image, servers[-1])
    return servers


def fill(image, server):
    run("nbdcopy", "--no-extents", "--flush", image, server.uri)


def write_image(path, size):
    """Random bytes: nothing that a server could find to be zero, and none compresses."""
    block = os.urandom(4 * MIB)
    with open(path, "wb") as file:
        for offset in range(0, size, len(block)):
            file.write(block[:size - offset])


# The measurements


def measure(server, row, size, seconds):
    """{what: figure} of one run of one row."""
    if not row.fio:
        return {"main": measure_nbdcopy(server, size)}
    rw, block, depth, jobs = row.fio
    before = server.cpu_seconds()
    text = run("fio", "--name=row", "--ioengine=nbd", f"--uri={server.uri}", f"--rw={rw}", f"--bs={block}",
               f"--iodepth={depth}", f"--numjobs={jobs}", f"--size={size}", "--time_based", f"--runtime={seconds}",
               "--norandommap", "--randrepeat=1", "--group_reporting", "--output-format=json", seconds=seconds + 60)
    cpu = server.cpu_seconds() - before
    job = json.loads(text[text.index("{"):])["jobs"][0]  # notes may precede it
    if job["error"]:
        raise RuntimeError(f"fio on {server.name}, {row.name}: error {job['error']}")
    side = job["write" if "write" in rw else "read"]
    return {"main": side["iops"] if row.unit == "IOPS" else side["bw_bytes"] / 1e9,
            "latency": side["clat_ns"].get("percentile", {}).get("50.000000", 0) / 1e3,
            "cpu": cpu * 1e6 / side["total_ios"]}


def measure_nbdcopy(server, size):
    """GB/s, the median of three: one takes a fraction of a second."""
    rates = []
    for _ in range(3):
        begun = time.monotonic()
        run("nbdcopy", server.uri, "null:")
        rates.append(size / 1e9 / (time.monotonic() - begun))
    return statistics.median(rates)


def measure_all(servers, rows, options):
    """{row: {server's name: median}}. A round is every row against every server; the order of servers turns from row to
    row, so that no server always follows the same one."""
    samples = {}
    for number in range(options.rounds):
        for index, row in enumerate(rows):
            turn = (number + index) % len(servers)
            for server in servers[turn:] + servers[:turn]:
                figures = measure(server, row, options.size, options.seconds)
                samples.setdefault(row, {}).setdefault(server.name, []).append(figures["main"])
                what, brought = BROUGHT.get(row.name, (None, None))
                if what:
                    samples.setdefault(brought, {}).setdefault(server.name, []).append(figures[what])
            print(f"round {number + 1} of {options.rounds}: {row.name}", file=sys.stderr, flush=True)
    return {row: {name: statistics.median(values) for name, values in by_server.items()}
            for row, by_server in samples.items()}


# The report


def best(row, medians, names):
    return (min if row.unit == "µs" else max)(medians[name] for name in names)


def figure(row, value):
    return f"{value / 1e3:.1f}k" if row.unit == "IOPS" else f"{value:.2f}" if row.unit == "GB/s" else f"{value:.1f}"


def ratios(row, medians):
    ours = medians[COFFER]
    return {"plain": ours / best(row, medians, PLAIN_PEERS), "encrypted": ours / best(row, medians, ENCRYPTED_PEERS),
            "own": ours / medians[COFFER_PLAIN]}


def ordered(results):
    return [row for row in (*ROWS, LATENCY, CPU_READ, CPU_WRITE) if row in results]


def print_table(results):
    print(f"| row | unit | {' | '.join(SERVERS)} | encrypted / best plain peer | encrypted / best encrypted peer "
          "| encrypted / Coffer plain |")
    print("|" + "---|" * (len(SERVERS) + 5))
    for row in ordered(results):
        medians = results[row]
        cells = [figure(row, medians[name]) for name in SERVERS]
        cells += [f"{value:.2f}" for value in ratios(row, medians).values()]
        print(f"| {row.name} | {row.unit} | {' | '.join(cells)} |")


def verdicts(results):
    """(row, compared to, target, ratio, met) of every target."""
    against = {"plain": "best plain peer", "encrypted": "best encrypted peer", "own": "Coffer plain"}
    for row in ordered(results):
        found = ratios(row, results[row])
        for key, words in against.items():
            target = getattr(row, key)
            if target:
                met = found[key] <= target if row.unit == "µs" else found[key] >= target
                yield row.name, words, f"{'≤' if row.unit == 'µs' else '≥'} {target}", f"{found[key]:.2f}", met
    if LATENCY in results:
        added = results[LATENCY][COFFER] - results[LATENCY][COFFER_PLAIN]
        yield LATENCY.name, "Coffer plain, added", f"≤ {MOST_ADDED_LATENCY} µs", f"{added:.1f} µs", \
            added <= MOST_ADDED_LATENCY


def print_verdicts(found):
    print("\n| Coffer encrypted | compared to | target | measured | met |\n|---|---|---|---|---|")
    for name, words, target, measured, met in found:
        print(f"| {name} | {words} | {target} | {measured} | {'yes' if met else 'no'} |")


def parse_arguments():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=1024, metavar="MIB", help="of each server's data (1024)")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=3, help="of each fio run")
    arguments.add_argument("--quick", action="store_true", help="one round of one second: does it work?")
    arguments.add_argument("--rows", metavar="TEXT", nargs="+", help="only rows whose name contains one of these")
    arguments.add_argument("--check", action="store_true", help="exit status 1 when a target is missed")
    arguments.add_argument("--folder", default="/dev/shm", help="where the data goes, and goes away afterwards")
    arguments.add_argument("--io", choices=("auto", "buffered", "direct"), default="auto",
                           help="Coffer's way to its files; with direct, name a --folder on a disk")
    options = arguments.parse_args()
    if options.quick:
        options.rounds = options.seconds = 1
    options.size *= MIB
    options.chosen = [row for row in ROWS if not options.rows or any(text in row.name for text in options.rows)]
    if not options.chosen:
        arguments.error("no row has such a name")
    return options


def leave(*_):
    sys.exit("stopped")  # through the clean-up


def main():
    options = parse_arguments()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
    with contextlib.ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="cb", dir=options.folder))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        image = folder / "image"
        write_image(image, options.size)
        servers = start_coffer(cleanup, folder, options.size, image, options.io) + \
            start_peers(cleanup, folder, options.size, image)
        image.unlink()
        results = measure_all(servers, options.chosen, options)
    print_table(results)
    found = list(verdicts(results))
    print_verdicts(found)
    return 1 if options.check and not all(met for *_, met in found) else 0


if __name__ == "__main__":
    sys.exit(main())
