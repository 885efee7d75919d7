# SPDX-License-Identifier: Apache-2.0
"""Does what docs/ORGANIZATIONS.md tells to type work as it stands there, with the AWS CLI?"""
import json
import textwrap

from harness import ROOT

PAGE = ROOT / "docs" / "ORGANIZATIONS.md"


def blocks(section):
    """The indented blocks of a section."""
    found, block = [], []
    for line in PAGE.read_text().split(f"## {section}\n", 1)[1].split("\n## ", 1)[0].splitlines():
        if line.startswith("    "):
            block.append(line)
        elif block:
            found.append(textwrap.dedent("\n".join(block)))
            block = []
    return found


def test_the_rehearsal_of_the_page(coffer, tmp_path):
    tree, scp, member = blocks("How to rehearse an SCP")
    json.loads(scp)
    (tmp_path / "scp.json").write_text(scp)
    done = coffer.execute("bash", "-e", "-c", f"{tree}\n{member}", cwd=tmp_path, check=False)
    assert '"Encrypted": true' in done.stdout, done.stderr
    assert done.stdout.count('"VolumeId"') == 1 and done.returncode != 0
    assert "(UnauthorizedOperation)" in done.stderr and "with an explicit deny in a service control policy" in done.stderr
