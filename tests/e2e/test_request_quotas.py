# SPDX-License-Identifier: Apache-2.0
"""Are accounts held to AWS's request quotas when the installation wants it, and only then?"""
from botocore.exceptions import ClientError

from harness import Coffer

CREATE_KEY_A_SECOND = 5
SOME_KEY = "12345678-1234-1234-1234-123456789012"


def answers(kms, number):
    """Errors of GetParametersForImport, of which AWS allows one in four seconds; there is no such key."""
    found = []
    for _ in range(number):
        try:
            kms.get_parameters_for_import(KeyId=SOME_KEY, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
        except ClientError as error:
            found.append(error.response)
    return found


def codes(found):
    return [response["Error"]["Code"] for response in found]


def test_a_quota_is_enforced_on_request_and_not_else(tmp_path):
    with Coffer(tmp_path / "data", "--kms-request-quotas") as coffer:
        found = answers(coffer.client("kms", retries=1), 3)
        assert codes(found) == ["NotFoundException", "ThrottlingException", "ThrottlingException"]
        assert found[1]["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert found[1]["Error"]["Message"] == (
            "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
        coffer.stop()
        coffer.arguments = ()
        coffer.start()
        assert codes(answers(coffer.client("kms", retries=1), 3)) == ["NotFoundException"] * 3


def test_an_sdk_retries_what_was_throttled(tmp_path):
    with Coffer(tmp_path / "data", "--kms-request-quotas") as coffer:
        kms = coffer.client("kms", retries=8)
        made = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3 * CREATE_KEY_A_SECOND)}
        assert len(made) == 3 * CREATE_KEY_A_SECOND
