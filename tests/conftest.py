# SPDX-License-Identifier: Apache-2.0
"""Fixtures that run the real product: `coffer up` in a data folder of its own, and real clients against it."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_site import Site  # noqa: E402
from harness import Coffer  # noqa: E402


@pytest.fixture
def coffer(tmp_path):
    """A fresh installation, running."""
    with Coffer(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def shared_coffer(tmp_path_factory):
    """One installation for the tests of a file that do not disturb each other."""
    with Coffer(tmp_path_factory.mktemp("shared") / "data") as running:
        yield running


@pytest.fixture
def site(tmp_path):
    """`coffer` with fake daemons."""
    made = Site(tmp_path)
    yield made
    made.close()
