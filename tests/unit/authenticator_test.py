# SPDX-License-Identifier: Apache-2.0
"""Do the tests' own one-time codes agree with the standard? (RFC 6238, appendix B.)"""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from authenticator import SECONDS, code_at  # noqa: E402


@pytest.mark.parametrize("seconds, code", [
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
    (2000000000, "69279037"), (20000000000, "65353130")])
def test_codes_agree_with_the_standards(seconds, code):
    assert code_at(b"12345678901234567890", seconds // SECONDS, digits=8) == code
    assert code_at(b"12345678901234567890", seconds // SECONDS) == code[2:]
