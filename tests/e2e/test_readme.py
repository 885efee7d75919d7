# SPDX-License-Identifier: Apache-2.0
"""Does what the README tells a newcomer to type work as it stands there?"""
import os
import re
import subprocess
import textwrap
from pathlib import Path

from harness import nbdcopy

ROOT = Path(__file__).resolve().parents[2]


def test_the_sixty_second_example(shared_coffer, tmp_path):
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## Sixty seconds with boto3", 1)[1].split("\n## ", 1)[0]
    blocks = "".join(line for line in section.splitlines(True) if line.startswith("    ") or line == "\n")
    script, clients = (textwrap.dedent(part) for part in re.split(r"(?<=^    EOF\n)", blocks, flags=re.MULTILINE))
    assert 'eval "$(build/coffer env)"' in script and "EOF" in script
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(["bash", "-e", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
                          env={**environment, "COFFER_DATA": str(shared_coffer.data)})
    assert done.returncode == 0, done.stderr
    uri = done.stdout.strip()
    volume = re.search(r"vol-[0-9a-f]{17}", uri).group()
    original = tmp_path / "image.raw"
    original.write_bytes(os.urandom(1 << 20))
    clients = clients.replace("VOLUME-ID", volume).replace("image.raw", str(original)).replace("build/", f"{ROOT}/build/")
    subprocess.run(["bash", "-e", "-c", clients], check=True, timeout=60, stdout=subprocess.DEVNULL,
                   env={**environment, "COFFER_DATA": str(shared_coffer.data)})
    nbdcopy(uri, tmp_path / "copy.raw")
    with open(tmp_path / "copy.raw", "rb") as copy:
        assert copy.read(1 << 20) == original.read_bytes()


def test_the_snapshots_and_copies_of_the_readme(shared_coffer):
    section = (ROOT / "README.md").read_text().split("## Snapshots, copies, other keys", 1)[1].split("\n## ", 1)[0]
    lines = textwrap.dedent("".join(line for line in section.splitlines(True) if line.startswith("    "))).splitlines()
    ec2, kms = shared_coffer.client("ec2"), shared_coffer.client("kms")
    names = {"ec2": ec2, "volume": shared_coffer.create_volume(ec2, Encrypted=True),
             "other_key": kms.create_key()["KeyMetadata"]["Arn"]}
    kms.create_alias(AliasName="alias/other", TargetKeyId=names["other_key"])
    python = [line for line in lines if not line.startswith("build/")]
    assert len(python) > 4
    exec("\n".join(python), names)
    shared_coffer.wait_for_snapshot(names["copy"]["SnapshotId"], ec2)
    ec2.get_waiter("volume_available").wait(VolumeIds=[names["clone"]["VolumeId"]])
    commands = [line for line in lines if line.startswith("build/")]
    assert len(commands) == 3
    for command in commands:
        command = command.replace("VOLUME-ID", names["volume"]).replace("SNAPSHOT-ID", names["snapshot"])
        subprocess.run(["bash", "-e", "-c", command], cwd=ROOT, check=True, timeout=60, stdout=subprocess.DEVNULL,
                       env={**os.environ, "COFFER_DATA": str(shared_coffer.data)})


def test_the_tour_that_run_begins_with():
    done = subprocess.run(["/usr/bin/python3", ROOT / "tools" / "tour.py"], capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "found in the unencrypted volume's file, and nowhere else" in done.stdout


def test_the_commands_named_in_the_readme_exist(shared_coffer):
    text = (ROOT / "README.md").read_text() + (ROOT / "docs" / "CLI.md").read_text()
    named = set(re.findall(r"`(?:build/)?coffer ((?:volume|account) [a-z]+|[a-z]+)", text))
    assert {"env", "exec", "status", "doctor", "volume why", "account create"} <= named
    for command in sorted(named - {"-"}):
        shown = subprocess.run([ROOT / "build" / "coffer", *command.split(), "--help"], capture_output=True, check=False)
        assert shown.returncode == 0, command
