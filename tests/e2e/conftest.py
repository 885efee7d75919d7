# SPDX-License-Identifier: Apache-2.0
"""Clients that several files of tests ask."""
import pytest


@pytest.fixture(scope="module", params=["boto3", "javascript"])
def kms(shared_coffer, request):
    """AWS KMS by each of two SDKs; the tests that take it run once with each."""
    if request.param == "boto3":
        yield shared_coffer.extended_client("kms")
        return
    client = shared_coffer.javascript_client("kms")
    yield client
    client.close()
