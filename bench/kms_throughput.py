#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many KMS calls a second, over keep-alive connections and with a signature each, beside what nginx answers for a static
body of the same size, in turns within one run. Prints docs/PERFORMANCE.md's table; with --check the exit status is 1 when a
target is missed. Needs build/bench_http_load (cmake -DCOFFER_BENCH=ON) and the package nginx."""
import argparse
import base64
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from harness import BUILD, Coffer, wait_until  # noqa: E402

LEAST_A_SECOND, LARGEST_P99_MICROSECONDS, LEAST_OF_NGINX = 40_000, 5_000, 0.3


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx(folder, body):
    """Its port; one worker, a static file of that body."""
    root, port = folder / "static", free_port()
    root.mkdir()
    (root / "body").write_bytes(body)
    configuration = folder / "nginx.conf"
    configuration.write_text(f"""
        worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 512; }}
        http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}; proxy_temp_path {folder};
                fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
                server {{ listen 127.0.0.1:{port}; root {root}; open_file_cache max=8; }} }}""")
    server = subprocess.Popen(["nginx", "-c", configuration])
    try:
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "nginx")
        yield port
    finally:
        server.terminate()
        server.wait()


def load(options, *arguments):
    """(requests a second, median, 99th percentile in microseconds)"""
    run = subprocess.run([BUILD / "bench_http_load", "--connections", str(options.connections), "--seconds",
                          str(options.seconds), *arguments], capture_output=True, text=True, check=True)
    per_second, median, slowest, failures = (int(figure) for figure in run.stdout.split())
    assert failures == 0, run.stderr
    return per_second, median, slowest


def calls_of(coffer, key):
    """{operation: body}"""
    plaintext = base64.b64encode(os.urandom(32)).decode()
    blob = coffer.client("kms").encrypt(KeyId=key, Plaintext=os.urandom(32))["CiphertextBlob"]
    return {"GenerateDataKey": {"KeyId": key, "KeySpec": "AES_256"}, "Encrypt": {"KeyId": key, "Plaintext": plaintext},
            "Decrypt": {"CiphertextBlob": base64.b64encode(blob).decode()}}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--connections", type=int, default=64)
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--folder", default="/dev/shm", help="where the installation is, and goes away afterwards")
    arguments.add_argument("--check", action="store_true", help="exit status 1 when a target is missed")
    options = arguments.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as name, Coffer(f"{name}/data") as coffer:
        folder = Path(name)
        key = coffer.client("kms").create_key()["KeyMetadata"]["KeyId"]
        exports = coffer.environment()
        credentials = folder / "credentials"
        credentials.touch(mode=0o600)
        credentials.write_text(f"{exports['AWS_ACCESS_KEY_ID']}\n{exports['AWS_SECRET_ACCESS_KEY']}\n")
        port = coffer.endpoint.rsplit(":", 1)[1]
        with nginx(folder, b"x" * 400) as static_port:
            for _ in range(options.rounds):
                figures.setdefault("nginx", []).append(load(options, "--port", str(static_port), "--path", "/body"))
                for operation, body in calls_of(coffer, key).items():
                    figures.setdefault(operation, []).append(
                        load(options, "--port", port, "--target", f"TrentService.{operation}", "--body", json.dumps(body),
                             "--credentials", str(credentials)))
    medians = {name: tuple(statistics.median(column) for column in zip(*runs)) for name, runs in figures.items()}
    missed = []
    print("| call | a second | median µs | p99 µs | of nginx |\n|---|---|---|---|---|")
    for name, (per_second, median, slowest) in medians.items():
        ratio = per_second / medians["nginx"][0]
        print(f"| {name} | {per_second:,.0f} | {median:.0f} | {slowest:.0f} | {ratio:.2f} |")
        if name != "nginx" and (per_second < LEAST_A_SECOND or slowest > LARGEST_P99_MICROSECONDS or ratio < LEAST_OF_NGINX):
            missed.append(name)
    if options.check and missed:
        sys.exit("missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()
