# SPDX-License-Identifier: Apache-2.0
"""AWS's JavaScript SDK (v3) behind the face of a boto3 client, so that one test asks both."""
import base64
import datetime
import json
import os
import subprocess
from pathlib import Path

from botocore.exceptions import ClientError

FOLDER = Path(__file__).parent / "javascript"
SECONDS_A_CALL = 60


def to_json(value):
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {"$seconds": value.timestamp()}
    if isinstance(value, dict):
        return {name: to_json(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(member) for member in value]
    return value


def from_json(value):
    if isinstance(value, list):
        return [from_json(member) for member in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if "$seconds" in value:
        return datetime.datetime.fromtimestamp(value["$seconds"], datetime.timezone.utc)
    return {name: from_json(member) for name, member in value.items()}


class JavaScriptClient:
    """client.create_key(Description="…") sends a CreateKeyCommand. Errors are botocore's ClientError."""

    def __init__(self, service, region, endpoint, credentials):
        environment = {**os.environ, **credentials}
        self._process = subprocess.Popen(["node", FOLDER / "bridge.mjs", service, region, endpoint], text=True, cwd=FOLDER,
                                         env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self._process.stdin.close()
        self._process.wait(SECONDS_A_CALL)

    def __getattr__(self, method):
        if method.startswith("_"):
            raise AttributeError(method)
        operation = "".join(word.capitalize() for word in method.split("_"))
        return lambda **parameters: self._call(operation, parameters)

    def _call(self, operation, parameters):
        self._process.stdin.write(json.dumps({"operation": operation, "input": to_json(parameters)}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the JavaScript SDK's process ended"
        outcome = json.loads(line)
        if "error" in outcome:
            status = outcome["error"].pop("status")
            raise ClientError({"Error": outcome["error"], "ResponseMetadata": {"HTTPStatusCode": status}}, operation)
        assert "answer" in outcome, outcome
        answer = from_json(outcome["answer"])
        answer["ResponseMetadata"] = answer.pop("$metadata")
        return answer
