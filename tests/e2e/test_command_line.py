# SPDX-License-Identifier: Apache-2.0
"""The `coffer` command with daemons in miniature: what it prints, what it asks apid, and what its exit status means."""
import json
import os
import pathlib
import socket
import subprocess
import threading

import pytest

from fake_site import stop


def write_root_credentials(site):
    (site.data / "root-credentials").write_text(
        "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = a/b+c'd\n")


def test_env_prints_what_a_shell_can_read(site):
    process, url = site.ready()
    write_root_credentials(site)
    exports = site.command("env", "--data", site.data, "--region", "us-east-1")
    assert exports.returncode == 0, exports.stderr
    script = exports.stdout + 'printf "%s|" "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" ' \
                              '"$AWS_DEFAULT_REGION" "$AWS_REGION"'
    seen = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert seen == f"{url}|AKIAEXAMPLE|a/b+c'd|us-east-1|us-east-1|"
    assert site.command("env", "--data", site.data, "--region", "eu-west-3").returncode == 4
    assert stop(process) == 0
    assert site.command("env", "--data", site.data).returncode == 3


def test_exec_gives_the_command_this_installation_and_its_own_exit_status(site):
    process, url = site.ready()
    write_root_credentials(site)
    elsewhere = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "AWS_CONFIG_FILE": "/home/me/config",
                 "AWS_ENDPOINT_URL_EC2": "https://elsewhere", "no_proxy": "amazonaws.com", "AWS_PAGER": "cat"}
    run = site.command("exec", "--data", site.data, "--", "env", "-0", **elsewhere)
    seen = dict(entry.split("=", 1) for entry in run.stdout.split("\0") if entry)
    ca = str(site.data / "ca.pem")
    expected = {
        "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a/b+c'd",
        "AWS_DEFAULT_REGION": "us-west-2", "AWS_REGION": "us-west-2", "HTTPS_PROXY": url, "https_proxy": url,
        "http_proxy": url, "AWS_CA_BUNDLE": ca, "NODE_EXTRA_CA_CERTS": ca, "SSL_CERT_FILE": ca,
        "REQUESTS_CA_BUNDLE": ca, "AWS_EC2_METADATA_DISABLED": "true", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url,
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PAGER": "cat"}
    assert {name: seen.get(name) for name in expected} == expected
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_EC2"} & set(seen)
    assert "amazonaws" not in seen["no_proxy"] and "127.0.0.1" in seen["no_proxy"].split(",")
    assert site.command("exec", "--data", site.data, "--", "sh", "-c", "exit 42").returncode == 42
    assert site.command("exec", "--data", site.data, "--", "no-such-program").returncode == 127
    assert site.command("exec", "--data", site.data).returncode == 2
    # Options after the `--` are the command's.
    assert site.command("exec", "--data", site.data, "--", "echo", "--data", "--help").stdout == "--data --help\n"
    assert stop(process) == 0


def answer_admin(site, replies):
    """Stands in for apid on the admin socket: one reply a connection, in order; returns what was asked."""
    path = str(site.data / "run" / "admin.sock")
    os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(8)
    asked = []

    def serve():
        for reply in replies:
            connection, _ = listener.accept()
            with connection, connection.makefile("rw") as lines:
                asked.append(json.loads(lines.readline()))
                lines.write(json.dumps(reply) + "\n")
        listener.close()

    threading.Thread(target=serve, daemon=True).start()
    return asked


def test_admin_commands_ask_apid_and_mean_something_by_their_exit_status(site):
    process, url = site.ready()
    new_account = {"account": "210987654321", "access_key_id": "AKIA2", "secret_access_key": "s", "endpoint": url}
    asked = answer_admin(site, [
        {"ok": True, "result": new_account},
        {"ok": True, "result": {"uri": "nbd+unix:///?socket=/x"}},
        {"ok": False, "error": {"code": "InvalidVolume.NotFound", "message": "The volume does not exist."}},
        {"ok": True, "result": {"account": "123456789012", "regions": ["us-west-2"], "warnings": ["from apid"],
                                "keyd": {"seal": "key file"}, "counts": {"keys": 3}}},
    ])
    data = ["--data", str(site.data)]
    made = site.command("account", "create", *data, "--id", "210987654321", "--json")
    assert made.returncode == 0 and json.loads(made.stdout) == new_account
    uri = site.command("volume", "uri", "vol-0123456789abcdef0", *data)
    assert uri.stdout == "nbd+unix:///?socket=/x\n"
    missing = site.command("volume", "why", "vol-0123456789abcdef0", *data)
    assert missing.returncode == 4 and "InvalidVolume.NotFound: The volume does not exist." in missing.stderr
    (site.data / "seal.key").write_bytes(b"k")
    status = json.loads(site.command("status", *data, "--json").stdout)
    assert [entry["command"] for entry in asked] == ["account-create", "volume-uri", "volume-why", "status"]
    assert asked[0]["id"] == "210987654321" and asked[1]["volume_id"] == "vol-0123456789abcdef0"
    assert {entry["name"]: entry["state"] for entry in status["processes"]} == dict.fromkeys(
        ["apid", "volumed", "keyd"], "ready")
    assert status["warnings"][0] == "from apid" and "same file system" in status["warnings"][1]
    assert site.command("volume", "uri", "snap-1", *data).returncode == 2
    # Read from the folder itself, whoever serves it.
    unknown = site.command("volume", "dm-table", "vol-0123456789abcdef0", *data)
    assert unknown.returncode == 4 and "vol-0123456789abcdef0 does not exist" in unknown.stderr
    assert site.command("volume", "dm-table", "i-0123456789abcdef0", *data).returncode == 2
    assert site.command("volume", "dm-table", "vol-0123456789abcdef0", "--device", "/dev/loop0", *data).returncode == 2
    assert stop(process) == 0
    assert site.command("status", *data).returncode == 3


def test_the_seal_on_another_file_system_is_no_warning(site, tmp_path):
    other = pathlib.Path("/dev/shm") / f"coffer-seal-{os.getpid()}"
    assert os.stat("/dev/shm").st_dev != os.stat(tmp_path).st_dev, "this test needs two file systems"
    other.write_bytes(b"k")
    try:
        process, _ = site.ready("--seal-file", str(other))
        answer_admin(site, [{"ok": True, "result": {"warnings": []}}])
        status = json.loads(site.command("status", "--data", site.data, "--json").stdout)
        assert status["warnings"] == [] and status["seal_file"] == str(other)
        assert stop(process) == 0
    finally:
        other.unlink()


COMMANDS = [["up"], ["env"], ["exec"], ["status"], ["doctor"], ["bench"], ["volume", "uri"], ["volume", "why"], ["volume", "dm-table"], ["volume"],
            ["account", "create"], ["account", "list"], ["account"], ["trail"], ["version"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_examples(site, command):
    shown = site.command(*command, "--help")
    assert shown.returncode == 0
    assert "Examples:" in shown.stdout and "coffer " + " ".join(command) in shown.stdout


def test_help_names_every_command_and_wrong_usage_is_two(site):
    shown = site.command("--help").stdout
    assert all(command[0] in shown for command in COMMANDS)


@pytest.mark.parametrize("words, complaint", [
    ([], "`coffer` needs a command: up,"),
    (["frobnicate"], "`coffer` has no command 'frobnicate'; it has: up,"),
    (["volume"], "`coffer volume` needs a command: uri, why, rekey, dm-table"),
    (["volume", "frobnicate"], "`coffer volume` has no command 'frobnicate'; it has: uri, why, rekey, dm-table"),
    (["status", "extra"], "`coffer status` does not take 'extra'"),
    (["status", "--frobnicate"], "`coffer status` does not take '--frobnicate'"),
    (["--frobnicate"], "`coffer` does not take --frobnicate"),
    (["--data", "d", "status"], "options follow the command: `coffer status --data d`"),
    (["exec", "aws", "s3"], "a `--` goes before the command: `coffer exec -- aws s3`"),
    (["volume", "uri"], "VOLUME-ID is required"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_usage_is_two_and_names_the_word(site, words, complaint):
    done = site.command(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr and "--help`" in done.stderr


@pytest.mark.parametrize("arguments, words", [
    (["--listen", "TAKEN"], "another program listens there"),
    (["--listen", "127.0.0.1:0", "--seal-file", "/nonexistent/seal.key"], "is the disk that holds it mounted?"),
])
def test_a_first_start_that_cannot_be_leaves_no_installation(site, arguments, words):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        done = site.command("up", "--data", site.data, *[taken if word == "TAKEN" else word for word in arguments])
    assert done.returncode == 2 and words in done.stderr
    assert not (site.data / "installation.json").exists()


@pytest.mark.parametrize("arguments, words", [
    (["--xks-connect", "foo"], "--xks-connect foo"),
    (["--xks-connect", "proxy.example.com=elsewhere"], "--xks-connect proxy.example.com=elsewhere"),
    (["--xks-connect", "proxy.example.com=127.0.0.1:0"], "HOST=ADDRESS:PORT"),
    (["--xks-ca", "README"], "no certificates in PEM"),
    (["--xks-ca", "damaged.pem"], "no certificates in PEM"),
    (["--xks-ca", "nothing.pem"], "nothing.pem"),
])
def test_options_about_proxies_are_checked_before_anything_is_made(site, arguments, words):
    (site.root / "README").write_text("a readme\n")
    (site.root / "damaged.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    given = [str(site.root / word) if word in ("README", "damaged.pem") else word for word in arguments]
    done = site.command("up", "--data", site.data, "--listen", "127.0.0.1:0", *given)
    assert done.returncode == 2 and words in done.stderr and given[0] in done.stderr and given[1] in done.stderr, done.stderr
    assert not site.data.exists()


def test_a_proxy_may_be_found_by_a_name_of_this_machine(site):
    process, _ = site.ready("--xks-connect", "proxy.example.com=localhost:8443")
    arguments = site.events("apid", "start")[0]["arguments"]
    assert arguments[arguments.index("--xks-connect") + 1] == "proxy.example.com=127.0.0.1:8443"
    assert stop(process) == 0


def test_a_first_start_without_a_passphrase_fixes_nothing(site):
    done = subprocess.run([site.programs / "coffer", "up", "--data", site.data, "--listen", "127.0.0.1:0", "--seal", "passphrase",
                           "--unseal-fd", "0"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "passphrase" in done.stderr
    assert not (site.data / "installation.json").exists()


def test_a_first_start_that_got_no_domain_keys_is_begun_anew(site):
    site.refused("--account", "210987654321", COFFER_FAKE_KEYD_BEHAVIOUR="fail")
    assert site.installation()["account"] == "210987654321"
    process, _ = site.ready("--account", "123456789013", "--region", "eu-central-1", "--development")
    made = site.installation()
    assert (made["account"], made["regions"], made["development"]) == ("123456789013", ["eu-central-1"], True)
    assert stop(process) == 0
    assert site.refused("--account", "210987654321")[0] == 2


def test_damage_of_installation_json_names_the_file(site):
    process, _ = site.ready()
    (site.data / "installation.json").write_text("{")
    shown = site.command("status", "--data", site.data)
    assert shown.returncode == 1 and str(site.data / "installation.json") in shown.stderr
    assert stop(process) == 0


@pytest.mark.parametrize("words", [["dependents", "banana"], ["rewrap", "--key", "alias/x"], ["reset-policy", "banana"],
                                   ["reset-policy", "01234567-89ab-4cde-8f01-23456789abcd"]], ids=" ".join)
def test_what_names_no_kms_key_is_wrong_usage(site, words):
    done = site.command("kms", *words, "--data", site.data)
    assert done.returncode == 2 and f"'{words[-1]}'" in done.stderr


@pytest.mark.parametrize("words", [["backup", "f", "--recovery-key", "k", "--passphrase-fd", "0"],
                                   ["restore", "f", "--recovery-key", "k", "--passphrase-fd", "0"],
                                   ["backup", "f", "--continuous", "--end-continuous"]], ids=" ".join)
def test_options_that_contradict_are_wrong_usage(site, words):
    done = site.command(*words, "--data", site.data)
    assert done.returncode == 2 and "excludes" in done.stderr


def test_bench_measures_and_leaves_nothing_behind(site):
    shown = site.command("bench", "--json", "--data", site.data)
    assert shown.returncode == 0, shown.stderr
    figures = json.loads(shown.stdout)
    assert [row["sector_size"] for row in figures["aes_256_xts"]] == [4096, 512]
    assert all(row["bytes_per_second"] > 0 and row["openssl_bytes_per_second"] > 0 for row in figures["aes_256_xts"])
    assert figures["plain_write_bytes_per_second"] > 0 and figures["encrypted_write_bytes_per_second"] > 0
    assert not (pathlib.Path(figures["folder"]) / ".coffer-bench").exists()


def test_doctor_reports_each_feature_with_a_remedy_where_it_is_missing(site):
    shown = site.command("doctor", "--json", "--data", site.data)
    assert shown.returncode in (0, 1)
    checks = {entry["name"]: entry for entry in json.loads(shown.stdout)["checks"]}
    assert {"aes", "vaes", "memfd_secret", "kvm", "fuse", "ublk", "nbd", "nfs", "landlock", "seccomp", "clock",
            "free space"} <= set(checks)
    assert all(entry["ok"] or entry.get("mend") for entry in checks.values())
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    assert checks["aes"]["ok"] == (" aes " in flags)
    assert checks["kvm"]["ok"] == os.access("/dev/kvm", os.R_OK | os.W_OK)
    assert shown.returncode == (0 if all(entry["ok"] for entry in checks.values() if entry["needed"]) else 1)
