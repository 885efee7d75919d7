# SPDX-License-Identifier: Apache-2.0
"""The references' samples, as printed (README.md names their sources)."""
import json
from pathlib import Path

FOLDER = Path(__file__).parent


def sample(name):
    return (FOLDER / name).read_text()


def policy_sample(name, **names):
    """A policy, with the names that its reader is to put in for <placeholders>."""
    text = sample(name)
    for placeholder, value in names.items():
        assert f"<{placeholder.replace('_', '-')}>" in text
        text = text.replace(f"<{placeholder.replace('_', '-')}>", value)
    return json.loads(text)


def required_encryption():
    """The service control policy, out of the script that has it."""
    names = {}
    exec(sample("require_ebs_encryption.py.txt"), names)  # noqa: S102  a literal of ours, in this folder
    return names["scp_policy"]
