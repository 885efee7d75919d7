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


def test_the_commands_named_in_the_readme_exist(shared_coffer):
    text = (ROOT / "README.md").read_text() + (ROOT / "docs" / "CLI.md").read_text()
    named = set(re.findall(r"`(?:build/)?coffer ((?:volume|account) [a-z]+|[a-z]+)", text))
    assert {"env", "exec", "status", "doctor", "volume why", "account create"} <= named
    for command in sorted(named - {"-"}):
        shown = subprocess.run([ROOT / "build" / "coffer", *command.split(), "--help"], capture_output=True, check=False)
        assert shown.returncode == 0, command
