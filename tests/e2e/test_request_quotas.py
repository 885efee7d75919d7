# SPDX-License-Identifier: Apache-2.0
"""Are accounts held to AWS's request quotas when the installation wants it, and only then?"""
from botocore.exceptions import ClientError

from harness import Coffer

CREATE_KEY_A_SECOND = 5


def created(kms, number):
    """How many of so many CreateKeys went through, and the errors of the others."""
    errors = []
    for _ in range(number):
        try:
            kms.create_key()
        except ClientError as error:
            errors.append(error.response)
    return number - len(errors), errors


def test_a_quota_is_enforced_on_request_and_not_else(tmp_path):
    with Coffer(tmp_path / "data", "--kms-request-quotas") as coffer:
        through, errors = created(coffer.client("kms", retries=1), 4 * CREATE_KEY_A_SECOND)
        assert CREATE_KEY_A_SECOND <= through < 4 * CREATE_KEY_A_SECOND
        assert {(e["Error"]["Code"], e["ResponseMetadata"]["HTTPStatusCode"]) for e in errors} == {("ThrottlingException", 400)}
        assert errors[0]["Error"]["Message"] == (
            "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
        coffer.stop()
        coffer.arguments = ()
        coffer.start()
        assert created(coffer.client("kms", retries=1), 4 * CREATE_KEY_A_SECOND) == (4 * CREATE_KEY_A_SECOND, [])


def test_an_sdk_retries_what_was_throttled(tmp_path):
    with Coffer(tmp_path / "data", "--kms-request-quotas") as coffer:
        assert created(coffer.client("kms", retries=8), 3 * CREATE_KEY_A_SECOND) == (3 * CREATE_KEY_A_SECOND, [])
