# SPDX-License-Identifier: Apache-2.0
"""Starts, stops, kills and looks into a real installation. Used by all Python tests."""
import base64
import contextlib
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import botocore.session
import nbd
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from javascript_client import JavaScriptClient

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("COFFER_BUILD", ROOT / "build"))
REGION = "us-west-2"
ZONE = "us-west-2a"
DAEMONS = ("coffer-keyd", "coffer-apid", "coffer-volumed")

sys.path.append(str(ROOT / "docs" / "format"))
import dm_table  # noqa: E402  our documents are read as somebody without Coffer would


def wait_until(condition, what, seconds=20.0):
    """Polls until the condition gives something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.05)


def refused(code, call, **parameters):
    """The call is refused with that code; the message."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


class Coffer:
    """`coffer up` in the foreground of a child process."""

    def __init__(self, data, *arguments):
        self.data = Path(data)
        self.arguments = arguments
        self.process = None
        self.endpoint = None
        self.log_path = self.data.parent / (self.data.name + ".log")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, *more):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [BUILD / "coffer", "up", "--data", self.data, "--listen", "127.0.0.1:0", *self.arguments, *more],
            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self._first_line(30)
        match = re.match(r"ready (https?://\S+)", line)
        assert match, f"coffer up said {line!r}\n{self.log()}"
        self.endpoint = match.group(1)
        return self

    def _first_line(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            self.process.kill()
            raise AssertionError("coffer up printed nothing\n" + self.log())
        return self.process.stdout.readline().strip()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(30) == 0, self.log()
        self.process = None

    def restart(self, *more):
        self.stop()
        return self.start(*more)

    def log(self):
        return self.log_path.read_text(errors="replace")[-6000:] if self.log_path.exists() else ""

    def daemons(self):
        """The running daemons: {"coffer-keyd": pid, …}."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                status = (entry / "status").read_text()
                name = (entry / "cmdline").read_bytes().split(b"\0")[0].decode().rsplit("/", 1)[-1]
            except OSError:
                continue
            if f"\nPPid:\t{self.process.pid}\n" in status and "\nState:\tZ" not in status and name in DAEMONS:
                found[name] = int(entry.name)
        return found

    def kill_daemons(self, *names):
        """kill -9 of the named daemons (all without names); waits until others have taken their places."""
        before = self.daemons()
        assert set(before) == set(DAEMONS), before
        killed = names or DAEMONS
        for name in killed:
            os.kill(before[name], signal.SIGKILL)

        def replaced():
            now = self.daemons()
            return set(now) == set(DAEMONS) and all(now[name] != before[name] for name in killed)

        wait_until(replaced, f"new {killed}")

    # The command line

    def command(self, *arguments, check=True, **options):
        result = subprocess.run([BUILD / "coffer", *arguments, "--data", self.data], capture_output=True, text=True,
                                timeout=60, **options)
        if check:
            assert result.returncode == 0, (arguments, result.returncode, result.stdout, result.stderr, self.log())
        return result

    def json(self, *arguments):
        return json.loads(self.command(*arguments, "--json").stdout)

    def environment(self, region=REGION):
        """What `coffer env` exports."""
        exports = {}
        for line in self.command("env", "--region", region).stdout.splitlines():
            words = shlex.split(line)
            if words[:1] == ["export"]:
                name, _, value = words[1].partition("=")
                exports[name] = value
        return exports

    def execute(self, *command, region=REGION, check=True, timeout=120, **options):
        """Runs a program through `coffer exec`."""
        result = subprocess.run([BUILD / "coffer", "exec", "--data", self.data, "--region", region, "--", *command],
                                capture_output=True, text=True, timeout=timeout, **options)
        if check:
            assert result.returncode == 0, (command, result.returncode, result.stdout, result.stderr, self.log())
        return result

    # AWS clients

    def client(self, service, region=REGION, credentials=None, retries=4):
        """A boto3 client; `credentials`: access key, secret and, of temporary ones, the session token."""
        if credentials is None:
            exports = self.environment(region)
            credentials = (exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"])
        return boto3.client(service, region_name=region, endpoint_url=self.endpoint, aws_access_key_id=credentials[0],
                            aws_secret_access_key=credentials[1],
                            aws_session_token=credentials[2] if len(credentials) > 2 else None,
                            config=Config(retries={"max_attempts": retries, "mode": "standard"}, read_timeout=30))

    def extended_client(self, service, region=REGION, retries=4, credentials=None):
        """A boto3 client that also knows what is newer than the package, or Coffer's own (src/wire/overlay), read as
        botocore reads a model's extras."""
        overlay = json.loads((ROOT / "src/wire/overlay" / f"{service}.json").read_text())
        models = self.data.parent / (self.data.name + "-models")
        version = sorted(botocore.session.get_session().get_component("data_loader").list_api_versions(service,
                                                                                                      "service-2"))[-1]
        folder = models / service / version
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "service-2.sdk-extras.json").write_text(json.dumps({"merge": overlay}))
        session = botocore.session.get_session()
        session.set_config_variable("data_path", str(models))
        if credentials is None:
            exports = self.environment(region)
            credentials = (exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"])
        return boto3.session.Session(botocore_session=session).client(
            service, region_name=region, endpoint_url=self.endpoint, aws_access_key_id=credentials[0],
            aws_secret_access_key=credentials[1], aws_session_token=credentials[2] if len(credentials) > 2 else None,
            config=Config(retries={"max_attempts": retries, "mode": "standard"}, read_timeout=30))

    def extended_ec2(self, region=REGION, retries=4):
        return self.extended_client("ec2", region, retries)

    def javascript_client(self, service, region=REGION):
        """The same service through AWS's JavaScript SDK, which knows newer operations. Close it."""
        exports = self.environment(region)
        credentials = {name: exports[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        return JavaScriptClient(service, region, self.endpoint, credentials)

    def host(self, region=REGION):
        """This host's instance id."""
        reservations = self.client("ec2", region).describe_instances()["Reservations"]
        return reservations[0]["Instances"][0]["InstanceId"]

    # Volumes

    def create_volume(self, ec2=None, size=1, **parameters):
        ec2 = ec2 or self.client("ec2")
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=size, VolumeType="gp3", **parameters)
        ec2.get_waiter("volume_available").wait(VolumeIds=[volume["VolumeId"]],
                                                WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
        return volume["VolumeId"]

    def create_snapshot(self, volume_id, ec2=None, **parameters):
        """A completed one."""
        ec2 = ec2 or self.client("ec2")
        snapshot = ec2.create_snapshot(VolumeId=volume_id, **parameters)["SnapshotId"]
        self.wait_for_snapshot(snapshot, ec2)
        return snapshot

    def wait_for_snapshot(self, snapshot_id, ec2=None):
        (ec2 or self.client("ec2")).get_waiter("snapshot_completed").wait(
            SnapshotIds=[snapshot_id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 400})

    def attach(self, volume_id, device, ec2=None):
        ec2 = ec2 or self.client("ec2")
        ec2.attach_volume(VolumeId=volume_id, InstanceId=self.host(), Device=device)
        ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume_id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
        return self.uri(volume_id)

    def uri(self, volume_id):
        return self.command("volume", "uri", volume_id).stdout.strip()

    def volume_folder(self, volume_id):
        return self.data / "volumes" / volume_id

    def layers(self, subject):
        """The ids of the layers of a volume or a snapshot, the top one first."""
        return [layer["id"] for layer in dm_table.chain_of(self.data / "volumes", subject)]

    def layer_folders(self, subject):
        return [self.data / "volumes" / layer for layer in self.layers(subject)]

    def layer_file(self, volume_id):
        """The first file with the sectors of a volume's top layer."""
        return self.layer_folders(volume_id)[0] / "data.000"

    def stored(self, kind="vol"):
        """The volumes (or "snap", "layer") that have a folder."""
        return {entry.name for entry in (self.data / "volumes").iterdir() if entry.name.startswith(kind + "-")}

    def trail(self, newest=1000):
        return self.json("trail", "--newest", str(newest))["records"]


def nbdcopy(source, destination):
    subprocess.run(["nbdcopy", "--flush", str(source), str(destination)], check=True, timeout=120)


@contextlib.contextmanager
def nbd_client(uri):
    """A connected libnbd handle."""
    handle = nbd.NBD()
    handle.connect_uri(uri)
    yield handle
    handle.shutdown()


def is_served(uri):
    return subprocess.run(["nbdinfo", "--size", uri], capture_output=True).returncode == 0


def files_below(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink()]


def encodings(needle):
    """The needle as it is, in hex of either case, and in base64 at each of the three alignments."""
    forms = {"raw": needle, "hex": needle.hex().encode(), "HEX": needle.hex().upper().encode()}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + needle)
        # Characters that also depend on neighbouring bytes are left off both ends.
        forms[f"base64+{shift}"] = text[(0, 2, 3)[shift]:(len(needle) + shift) // 3 * 4]
    return forms


def files_with(folder, needle):
    """The files below the folder that contain the needle, in any of its encodings."""
    forms = encodings(needle)
    hits = set()
    for path in files_below(folder):
        data = sparse_bytes(path)
        if any(form in data for form in forms.values()):
            hits.add(path)
    return hits


def sparse_bytes(path):
    """A file's contents without its holes (a volume is far larger than what is in it)."""
    parts = []
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        offset = 0
        while offset < size:
            try:
                start = os.lseek(file.fileno(), offset, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            os.lseek(file.fileno(), start, os.SEEK_SET)
            parts.append(file.read(end - start))
            offset = end
    return b"".join(parts)
