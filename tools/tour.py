#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tour of the main job, in a data folder of its own: a key, an encrypted and an unencrypted volume, real clients, the
bytes on disk of both, a restart, and everything read back. Exit status 0 when all of it held."""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import boto3
from botocore.exceptions import ClientError

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "docs" / "format"))
import dm_table  # noqa: E402  the documents are read as docs/format describes them

ROOT = pathlib.Path(__file__).resolve().parent.parent
COFFER = ROOT / "build" / "coffer"
CANARY = b"-- the payroll of 2024: nobody outside may read this --"
CANARY_AT = 8 << 20
SIZE = 16 << 20
WAITING = {"Delay": 1, "MaxAttempts": 60}


class Disappointment(Exception):
    """Something that the tour promises did not hold."""


def step(text):
    step.number += 1
    print(f"\n\033[1m{step.number}. {text}\033[0m" if sys.stdout.isatty() else f"\n{step.number}. {text}", flush=True)


step.number = 0


def say(text):
    print(f"   {text}", flush=True)


def check(holds, words):
    if not holds:
        raise Disappointment(words)
    say(f"✓ {words}")


def coffer(*arguments):
    done = subprocess.run([COFFER, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Disappointment(f"`coffer {' '.join(map(str, arguments))}` said: {done.stderr.strip()}")
    return done.stdout.strip()


class Installation:
    """`coffer up` as a child process."""

    def __init__(self, folder):
        self.data = folder / "data"
        self.log = folder / "coffer.log"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([COFFER, "up", "--data", self.data, "--listen", "127.0.0.1:0"],
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline().split()
        if line[:1] != ["ready"]:
            raise Disappointment("coffer up did not get ready:\n" + self.log.read_text(errors="replace")[-4000:])
        exports = json.loads(coffer("env", "--data", self.data, "--json"))
        self.session = {"region_name": exports["AWS_DEFAULT_REGION"], "endpoint_url": exports["AWS_ENDPOINT_URL"],
                        "aws_access_key_id": exports["AWS_ACCESS_KEY_ID"],
                        "aws_secret_access_key": exports["AWS_SECRET_ACCESS_KEY"]}
        return line[1]

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)
        self.process = None

    def client(self, service):
        return boto3.client(service, **self.session)


def make_volume(ec2, zone, **how):
    volume = ec2.create_volume(AvailabilityZone=zone, Size=1, VolumeType="gp3", **how)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=WAITING)
    return volume


def attach(installation, ec2, volume, device):
    host = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=host, Device=device)
    ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume], WaiterConfig=WAITING)
    return coffer("volume", "uri", volume, "--data", installation.data)


def detach(ec2, volume):
    ec2.detach_volume(VolumeId=volume)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=WAITING)


def nbdcopy(source, target):
    subprocess.run(["nbdcopy", "--flush", source, target], check=True)


def stored_bytes(file):
    """The parts of a file that are no holes, as (offset, bytes)."""
    with open(file, "rb") as stream:
        end = os.fstat(stream.fileno()).st_size
        at = 0
        while at < end:
            try:
                at = os.lseek(stream.fileno(), at, os.SEEK_DATA)
            except OSError:
                return
            hole = os.lseek(stream.fileno(), at, os.SEEK_HOLE)
            while at < hole:
                piece = os.pread(stream.fileno(), min(hole - at, 4 << 20), at)
                if not piece:
                    return
                yield at, piece
                at += len(piece)


def written_forms(canary):
    """The bytes themselves, their hex, and the base64 of each way that they may lie in groups of three."""
    yield canary
    yield canary.hex().encode()
    for skipped in range(3):
        whole = canary[skipped:]
        yield base64.b64encode(whole[:len(whole) // 3 * 3])


def files_holding(folder, needle):
    found = set()
    for file in folder.rglob("*"):
        if not file.is_file() or file.is_symlink():
            continue
        before = b""
        for _, piece in stored_bytes(file):
            if needle in before + piece:
                found.add(file)
            before = piece[-len(needle):]
    return found


def sectors_of(installation, volume):
    """The file with a volume's sectors: sector n lies at n × 4096."""
    volumes = installation.data / "volumes"
    top = dm_table.chain_of(volumes, volume)[0]["id"]
    return volumes / top / "data.000"


def show_disk(installation, name, volume):
    file = sectors_of(installation, volume)
    say(f"{name}, {file.relative_to(installation.data)} at byte {CANARY_AT}:")
    with open(file, "rb") as stream:
        stream.seek(CANARY_AT)
        data = stream.read(64)
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        say(f"    {CANARY_AT + at:08x}  {row.hex(' ')}  |{text}|")


def tour(installation, folder):
    step("Start Coffer")
    say(f"data folder {installation.data}")
    say(f"keyd, apid and volumed serve {installation.start()}")
    kms, ec2 = installation.client("kms"), installation.client("ec2")
    zone = ec2.meta.region_name + "a"

    step("Make a key and two volumes, with plain boto3")
    key = kms.create_key(Description="the tour's key")["KeyMetadata"]
    kms.create_alias(AliasName="alias/tour", TargetKeyId=key["KeyId"])
    say(f"key          {key['Arn']} (alias/tour)")
    secret = make_volume(ec2, zone, Encrypted=True, KmsKeyId="alias/tour")
    plain = make_volume(ec2, zone)
    shown = {volume["VolumeId"]: volume for volume in ec2.describe_volumes()["Volumes"]}
    check(shown[secret]["Encrypted"] and shown[secret]["KmsKeyId"] == key["Arn"], f"{secret} is encrypted under it")
    check(not shown[plain]["Encrypted"], f"{plain} is not encrypted, for comparison")

    step("Attach both to this host and write through NBD, with nbdcopy")
    original = folder / "original.img"
    contents = bytearray(os.urandom(SIZE))
    contents[CANARY_AT:CANARY_AT + len(CANARY)] = CANARY
    original.write_bytes(contents)
    for volume, device in ((secret, "/dev/sdf"), (plain, "/dev/sdg")):
        uri = attach(installation, ec2, volume, device)
        nbdcopy(original, uri)
        say(f"{SIZE >> 20} MiB written to {uri}")

    step("Look at the disk")
    show_disk(installation, "unencrypted", plain)
    show_disk(installation, "encrypted", secret)
    searched = [file for file in installation.data.rglob("*") if file.is_file()]
    say(f"the canary, as it is, in hex and in base64, searched in all {len(searched)} files of the data folder:")
    holders = set().union(*(files_holding(installation.data, form) for form in written_forms(CANARY)))
    for file in sorted(holders):
        say(f"    found in {file.relative_to(installation.data)}")
    check(holders == {sectors_of(installation, plain)}, "found in the unencrypted volume's file, and nowhere else")

    step("Detach, stop everything, start again")
    for volume in (secret, plain):
        detach(ec2, volume)
    installation.stop()
    say(f"stopped; now it serves {installation.start()}")
    kms, ec2 = installation.client("kms"), installation.client("ec2")

    step("Read back")
    for name, volume, device in (("encrypted", secret, "/dev/sdf"), ("unencrypted", plain, "/dev/sdg")):
        copy = folder / "copy.img"
        copy.unlink(missing_ok=True)
        nbdcopy(attach(installation, ec2, volume, device), copy)
        with open(copy, "rb") as stream:
            check(stream.read(SIZE) == contents, f"the {name} volume gives back every byte")
        copy.unlink()
        detach(ec2, volume)

    step("Disable the key")
    kms.disable_key(KeyId=key["KeyId"])
    try:
        attach(installation, ec2, secret, "/dev/sdf")
        raise Disappointment("a volume was attached although its key is disabled")
    except ClientError as error:
        check(error.response["Error"]["Code"] == "CustomerKeyHasBeenRevoked", f"attaching the encrypted volume again is refused: {error}")


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="coffer-tour-"))
    installation = Installation(folder)
    try:
        tour(installation, folder)
    except (Disappointment, ClientError, subprocess.SubprocessError, OSError, IndexError) as error:
        print(f"\nThe tour ended early: {error}", flush=True)
        if installation.log.exists():
            print("What Coffer wrote last:\n" + installation.log.read_text(errors="replace")[-3000:], flush=True)
        return 1
    finally:
        installation.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print("\nThe tour is done; its data folder is gone again.", flush=True)
    return 0


if __name__ == "__main__":
    # Nothing of the caller's own AWS set-up takes part.
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
                      AWS_EC2_METADATA_DISABLED="true")
    sys.exit(main())
