# SPDX-License-Identifier: Apache-2.0
"""The main job with Debian's AWS CLI, unmodified and too old for AWS_ENDPOINT_URL, through `coffer exec`."""
import json
import os

from harness import ZONE, files_with, is_served, nbdcopy, wait_until

AWS = "/usr/bin/aws"


def aws(coffer, *arguments, check=True):
    result = coffer.execute(AWS, *arguments, "--output", "json", check=check)
    return json.loads(result.stdout) if check and result.stdout.strip() else result


def test_the_main_job_with_the_aws_cli(coffer, tmp_path):
    key = aws(coffer, "kms", "create-key", "--description", "by the CLI")["KeyMetadata"]["KeyId"]
    aws(coffer, "kms", "create-alias", "--alias-name", "alias/cli", "--target-key-id", key)
    host = aws(coffer, "ec2", "describe-instances")["Reservations"][0]["Instances"][0]["InstanceId"]
    volumes = {}
    for name, options in (("alias", ["--encrypted", "--kms-key-id", "alias/cli"]), ("default", ["--encrypted"]),
                          ("plain", [])):
        volumes[name] = aws(coffer, "ec2", "create-volume", "--availability-zone", ZONE, "--size", "1",
                            "--volume-type", "gp3", *options)["VolumeId"]
    aws(coffer, "ec2", "wait", "volume-available", "--volume-ids", *volumes.values(), check=False)

    canary = os.urandom(32)
    contents = tmp_path / "contents"
    contents.write_bytes(b"".join(canary + os.urandom(4064) for _ in range(512)))
    for device, volume in zip("fgh", volumes.values()):
        aws(coffer, "ec2", "attach-volume", "--volume-id", volume, "--instance-id", host, "--device", f"/dev/sd{device}")
        nbdcopy(contents, coffer.uri(volume))
    hits = files_with(coffer.data, canary)
    assert hits and {path.parent for path in hits} <= set(coffer.layer_folders(volumes["plain"])), hits

    coffer.kill_daemons()
    wait_until(lambda: is_served(coffer.uri(volumes["alias"])), "the volume to be attached again")
    nbdcopy(coffer.uri(volumes["alias"]), tmp_path / "back")
    assert (tmp_path / "back").open("rb").read(contents.stat().st_size) == contents.read_bytes()

    aws(coffer, "kms", "disable-key", "--key-id", key)
    aws(coffer, "ec2", "detach-volume", "--volume-id", volumes["alias"])
    refused = aws(coffer, "ec2", "attach-volume", "--volume-id", volumes["alias"], "--instance-id", host, "--device",
                  "/dev/sdf", check=False)
    assert refused.returncode != 0 and "CustomerKeyHasBeenRevoked" in refused.stderr, refused.stderr
    assert "is disabled" in refused.stderr
    aws(coffer, "ec2", "delete-volume", "--volume-id", volumes["alias"])


def test_exec_points_every_variable_at_the_installation(coffer):
    result = coffer.execute("env", env={**os.environ, "AWS_PROFILE": "elsewhere", "AWS_SESSION_TOKEN": "old"})
    variables = dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
    assert variables["AWS_ENDPOINT_URL"] == coffer.endpoint
    assert variables["HTTPS_PROXY"] == coffer.endpoint
    for name in ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        assert variables[name] == str(coffer.data / "ca.pem")
    assert variables["AWS_EC2_METADATA_DISABLED"] == "true"
    assert "AWS_PROFILE" not in variables and "AWS_SESSION_TOKEN" not in variables


def test_exec_gives_the_commands_own_exit_status(coffer):
    assert coffer.execute("sh", "-c", "exit 7", check=False).returncode == 7


def test_connect_is_answered_for_amazonaws_only(coffer):
    result = coffer.execute("sh", "-c", "curl -sS --cacert $SSL_CERT_FILE https://kms.us-west-2.amazonaws.com/ -o /dev/null -w '%{http_code}'")
    assert result.stdout in ("400", "403", "404")  # reached, over TLS, and refused for want of a signature
    for name in ("example.com", "amazonaws.com.example.com", "127.0.0.1"):
        refused = coffer.execute("sh", "-c", f"curl -sS --noproxy '' -x $HTTPS_PROXY https://{name}/", check=False)
        assert refused.returncode != 0 and "403" in refused.stderr, refused.stderr


def test_the_clis_own_errors_are_awss(coffer):
    missing = aws(coffer, "ec2", "describe-volumes", "--volume-ids", "vol-0123456789abcdef0", check=False)
    assert missing.returncode != 0
    assert "An error occurred (InvalidVolume.NotFound) when calling the DescribeVolumes operation" in missing.stderr
