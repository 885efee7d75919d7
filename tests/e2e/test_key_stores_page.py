# SPDX-License-Identifier: Apache-2.0
"""Does what docs/KEY-STORES.md tells to type for an external key store work as it stands there, with the AWS CLI?"""
import json
import re

from harness import ROOT, Coffer, wait_until
from xks_proxy import HOST, PATH, XksProxy

PAGE = ROOT / "docs" / "KEY-STORES.md"


def what_to_type(proxy):
    """The example of external key stores, with this proxy's particulars in place of the page's."""
    block = re.search(r"```\n(cat > store.json .*?)```", PAGE.read_text(), re.DOTALL).group(1)
    credential = json.dumps(proxy.credential())
    for before, after in (('{"AccessKeyId": "…", "RawSecretAccessKey": "…"}', credential), ("https://xks.example.com", f"https://{HOST}"),
                          ('"/kms/xks/v1"', f'"{PATH}"')):
        assert before in block
        block = block.replace(before, after)
    return block


def test_the_example_makes_a_key_store_and_a_key(tmp_path):
    with XksProxy(tmp_path) as proxy, Coffer(tmp_path / "data", "--xks-timeout", "3000", *proxy.arguments) as coffer:
        create, connect, describe, key = what_to_type(proxy).split("\naws kms ")[1:]
        script = what_to_type(proxy).split("\naws kms ")[0] + "\naws kms " + create
        made = json.loads(coffer.execute("bash", "-c", script, cwd=tmp_path).stdout)["CustomKeyStoreId"]
        assert not (tmp_path / "store.json").exists()
        coffer.execute("bash", "-c", "aws kms " + connect.replace("cks-…", made))
        kms = coffer.client("kms")
        wait_until(lambda: kms.describe_custom_key_stores()["CustomKeyStores"][0]["ConnectionState"] == "CONNECTED", "it to connect")
        assert made in coffer.execute("bash", "-c", "aws kms " + describe).stdout
        script = "aws kms " + key.replace("cks-…", made).replace("--xks-key-id …", "--xks-key-id key-1")
        assert json.loads(coffer.execute("bash", "-c", script).stdout)["KeyMetadata"]["CustomKeyStoreId"] == made
