# SPDX-License-Identifier: Apache-2.0
"""Does the memory of the daemons stay as it is however many KMS calls they answer?"""
import base64
import json
import os
import subprocess

from harness import BUILD

CALLS = int(os.environ.get("COFFER_MEMORY_CALLS", "30000"))
MOST_GROWTH_KIB = 8 << 10  # of caches that fill, and of a heap that is laid out anew


def resident_kib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def credentials_file(coffer, folder):
    exports = coffer.environment()
    file = folder / "credentials"
    file.touch(mode=0o600)
    file.write_text(f"{exports['AWS_ACCESS_KEY_ID']}\n{exports['AWS_SECRET_ACCESS_KEY']}\n")
    return file


def call(coffer, credentials, operation, body, calls):
    run = subprocess.run(
        [BUILD / "bench_http_load", "--port", coffer.endpoint.rsplit(":", 1)[1], "--target", f"TrentService.{operation}", "--body",
         json.dumps(body), "--credentials", credentials, "--calls", str(calls), "--seconds", "36000"],
        capture_output=True, text=True, check=True)
    assert run.stdout.split()[3] == "0", run.stderr


def test_memory_stays_flat(coffer, tmp_path):
    kms = coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=os.urandom(32))["CiphertextBlob"]
    bodies = {"GenerateDataKey": {"KeyId": key, "KeySpec": "AES_256"},
              "Encrypt": {"KeyId": key, "Plaintext": base64.b64encode(os.urandom(32)).decode()},
              "Decrypt": {"CiphertextBlob": base64.b64encode(blob).decode()}}
    credentials = credentials_file(coffer, tmp_path)
    tenth = CALLS // 10 // len(bodies)
    seen = {}
    for _ in range(10):
        for operation, body in bodies.items():
            call(coffer, credentials, operation, body, tenth)
        for name in ("coffer-apid", "coffer-keyd"):
            seen.setdefault(name, []).append(resident_kib(coffer.daemons()[name]))
    print(f"{CALLS} calls; KiB after each tenth: {seen}")
    for name, sizes in seen.items():
        assert max(sizes[1:]) - sizes[0] <= MOST_GROWTH_KIB, f"{name}: {sizes}"
