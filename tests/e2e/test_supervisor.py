# SPDX-License-Identifier: Apache-2.0
"""`coffer up` with daemons in miniature: does the supervisor start, connect, restart and stop as it promises?"""
import collections
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
COFFER = pathlib.Path(os.environ.get("COFFER_BUILD", HERE.parents[1] / "build")) / "coffer"
PATIENCE = 30


class Site:
    """A folder with a copy of `coffer` and fake daemons beside it, and a data folder."""

    def __init__(self, root):
        self.root = root
        self.log = root / "log"
        self.data = root / "data"
        self.programs = root / "bin"
        self.programs.mkdir()
        shutil.copy(COFFER, self.programs / "coffer")
        for name in ("keyd", "apid", "volumed"):
            shutil.copy(HERE / "fake_daemon.py", self.programs / f"coffer-{name}")
        self.running = []

    def up(self, *arguments, **environment):
        if "--listen" not in arguments:
            arguments += ("--listen", "127.0.0.1:0")
        process = subprocess.Popen(
            [self.programs / "coffer", "up", "--data", self.data, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "COFFER_FAKE_LOG": str(self.log), **environment})
        self.running.append(process)
        return process

    def ready(self, *arguments, **environment):
        process = self.up(*arguments, **environment)
        line = process.stdout.readline()
        assert line.startswith("ready http"), process.stderr.read()
        return process, line.split()[1]

    def refused(self, *arguments, **environment):
        process = self.up(*arguments, **environment)
        out, err = process.communicate(timeout=PATIENCE)
        assert out == ""
        return process.returncode, err

    def events(self, name=None, event=None):
        if not self.log.exists():
            return []
        entries = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [entry for entry in entries if name in (None, entry["name"]) and event in (None, entry["event"])]

    def wait_for_events(self, name, event, count):
        deadline = time.monotonic() + PATIENCE
        while len(self.events(name, event)) < count:
            assert time.monotonic() < deadline, self.events(name)
            time.sleep(0.02)
        return self.events(name, event)

    def command(self, *arguments, **environment):
        return subprocess.run([self.programs / "coffer", *arguments], capture_output=True, text=True, timeout=PATIENCE,
                              env={**os.environ, **environment})

    def installation(self):
        return json.loads((self.data / "installation.json").read_text())


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def stop(process, how=signal.SIGTERM):
    process.send_signal(how)
    return process.wait(timeout=PATIENCE)


def is_alive(pid):
    # A process that has ended may stay as a zombie where nobody reaps orphans.
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_first_start_initialises_with_the_documented_defaults(site):
    process, _ = site.ready()
    installation = site.installation()
    assert installation["account"] == "123456789012"
    assert installation["regions"] == ["us-west-2", "us-east-1"]
    assert installation["initialised"] is True
    assert installation["host_id"].startswith("i-0") and len(installation["host_id"]) == 19
    assert (mode(site.data), mode(site.data / "run"), mode(site.data / "installation.json")) == (0o700, 0o700, 0o600)
    assert stop(process) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stops_apid_then_volumed_then_keyd_and_leaves_no_notes(site, how):
    process, _ = site.ready()
    assert stop(process, how) == 0
    assert [entry["name"] for entry in site.events(event="stop")] == ["apid", "volumed", "keyd"]
    assert not (site.data / "run" / "endpoint").exists()
    assert not (site.data / "run" / "admin.sock").exists()


def test_each_daemon_talks_to_each_other_and_apid_listens(site):
    process, url = site.ready()
    host = site.installation()["host_id"]
    for name in ("keyd", "apid", "volumed"):
        peers = {entry["peer"]: entry for entry in site.events(name, "peer")}
        assert set(peers) == {"keyd", "apid", "volumed"} - {name}
        for peer, entry in peers.items():
            assert entry["host"] == host
            assert entry["said"].startswith(f"hello from {peer} ")
    listeners = {entry["listener"]: entry["address"] for entry in site.events("apid", "listen")}
    assert url == "http://127.0.0.1:%d" % listeners["http"][1]
    assert listeners["admin"] == str(site.data / "run" / "admin.sock")
    assert not site.events("keyd", "listen") and not site.events("volumed", "listen")
    assert stop(process) == 0


def test_a_daemon_inherits_four_descriptors_no_secret_and_no_stranger_settings(site):
    process, _ = site.ready(AWS_SECRET_ACCESS_KEY="of-another-cloud", LD_BIND_NOW="1", HTTPS_PROXY="http://proxy:1")
    for entry in site.events(event="start"):
        # One more is the listing of /proc/self/fd itself while it is read; it no longer exists when asked for.
        assert entry["descriptors"] == [0, 1, 2, 3, 4]
        assert entry["stdin"] == "/dev/null"
        assert entry["group"] == entry["pid"]
        assert not {"AWS_SECRET_ACCESS_KEY", "LD_BIND_NOW", "HTTPS_PROXY"} & set(entry["environment"])
        assert "PATH" in entry["environment"]
    assert stop(process) == 0


def test_arguments_of_the_daemons(site):
    process, url = site.ready("--region", "eu-central-1", "--region", "us-east-1", "--account", "210987654321",
                              "--development")
    starts = {entry["name"]: entry["arguments"] for entry in site.events(event="start")}
    data = str(site.data)
    assert starts["keyd"] == ["--data", data, "--seal-file", data + "/seal.key", "--initialise"]
    assert starts["volumed"] == ["--data", data]
    assert starts["apid"] == ["--data", data, "--account", "210987654321", "--endpoint", url, "--host-id",
                              site.installation()["host_id"], "--region", "eu-central-1", "--region", "us-east-1",
                              "--development"]
    assert stop(process) == 0


@pytest.mark.parametrize("victim", ["keyd", "apid", "volumed"])
def test_a_killed_daemon_comes_back_with_fresh_channels_and_the_port_stays_open(site, victim):
    process, url = site.ready()
    others = {"keyd", "apid", "volumed"} - {victim}
    first = site.events(victim, "start")[0]["pid"]
    os.kill(first, signal.SIGKILL)
    address = url.removeprefix("http://").split(":")
    socket.create_connection((address[0], int(address[1])), timeout=5).close()
    second = site.wait_for_events(victim, "started", 2)[1]["pid"]
    assert second != first
    for other in others:
        said = site.wait_for_events(other, "peer", 3)[-1]
        assert (said["peer"], said["said"]) == (victim, f"hello from {victim} {second}")
        assert len(site.events(other, "start")) == 1
    assert {entry["peer"] for entry in site.events(victim, "peer") if entry["pid"] == second} == others
    assert "--initialise" not in site.events(victim, "start")[1]["arguments"]
    assert stop(process) == 0


def test_all_three_killed_at_once_come_back(site):
    process, _ = site.ready()
    for entry in site.events(event="start"):
        os.kill(entry["pid"], signal.SIGKILL)
    for name in ("keyd", "apid", "volumed"):
        site.wait_for_events(name, "started", 2)
    newest = {name: site.events(name, "start")[-1]["pid"] for name in ("keyd", "apid", "volumed")}
    deadline = time.monotonic() + PATIENCE
    while True:
        heard = collections.defaultdict(set)
        for entry in site.events(event="peer"):
            if entry["pid"] == newest[entry["name"]] and entry["said"].endswith(f" {newest[entry['peer']]}"):
                heard[entry["name"]].add(entry["peer"])
        if all(len(peers) == 2 for peers in heard.values()) and len(heard) == 3:
            break
        assert time.monotonic() < deadline, heard
        time.sleep(0.05)
    assert stop(process) == 0


def test_a_daemon_that_cannot_serve_stops_everything_with_its_words(site):
    process = site.up(COFFER_FAKE_KEYD_BEHAVIOUR="fail")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "keyd cannot serve: the seal does not open" in err
    assert out == ""
    assert site.installation()["initialised"] is False


def test_a_daemon_that_never_gets_ready_ends_the_first_start(site):
    process = site.up(COFFER_FAKE_VOLUMED_BEHAVIOUR="die")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "volumed ended 5 times before it could serve (last: exit status 7)" in err


def test_a_second_signal_kills_a_daemon_that_does_not_stop(site):
    process, _ = site.ready(COFFER_FAKE_VOLUMED_BEHAVIOUR="deaf")
    process.send_signal(signal.SIGTERM)
    site.wait_for_events("apid", "stop", 1)
    time.sleep(0.3)
    assert process.poll() is None
    assert stop(process) == 0
    assert not is_alive(site.events("volumed", "start")[0]["pid"])


def test_a_killed_supervisor_takes_its_daemons_along_and_another_takes_over(site):
    process, _ = site.ready()
    process.kill()
    process.wait()
    again, _ = site.ready()
    assert not [entry for entry in site.events(event="start")[:3] if is_alive(entry["pid"])]
    assert stop(again) == 0


def test_a_second_up_on_the_same_folder_is_refused(site):
    process, _ = site.ready()
    code, err = site.refused()
    assert code == 2
    assert f"already served by process {process.pid}" in err
    assert process.poll() is None
    assert stop(process) == 0


def test_an_interrupted_first_start_initialises_again_but_never_over_sealed_keys(site):
    site.refused(COFFER_FAKE_VOLUMED_BEHAVIOUR="fail")
    assert "--initialise" in site.events("keyd", "start")[-1]["arguments"]
    identity = site.installation()["installation_id"]
    (site.data / "keyd").mkdir()
    (site.data / "keyd" / "domain-keys.1").write_bytes(b"sealed")
    process, _ = site.ready()
    assert "--initialise" not in site.events("keyd", "start")[-1]["arguments"]
    assert site.installation()["installation_id"] == identity
    assert stop(process) == 0


def test_a_later_start_adds_regions_and_keeps_the_rest(site):
    process, _ = site.ready("--development")
    before = site.installation()
    assert stop(process) == 0
    process, _ = site.ready("--region", "eu-west-1", "--region", "us-east-1")
    after = site.installation()
    assert after == {**before, "regions": ["us-west-2", "us-east-1", "eu-west-1"]}
    assert "--development" in site.events("apid", "start")[-1]["arguments"]
    assert stop(process) == 0


@pytest.mark.parametrize("arguments, words", [
    (["--account", "210987654321"], "belongs to account 123456789012"),
    (["--development"], "fixed when a data folder is initialised"),
    (["--listen", "0.0.0.0:0"], "add --tls"),
    (["--listen", "127.0.0.1"], "is no address to listen on"),
    (["--region", "mars"], "'mars' is no region name"),
])
def test_contradictions_and_bad_arguments_are_refused_in_words(site, arguments, words):
    process, _ = site.ready()
    assert stop(process) == 0
    before = site.installation()
    code, err = site.refused(*arguments)
    assert (code, words in err) == (2, True), err
    assert site.installation() == before


def test_a_newer_folder_is_refused_in_words(site):
    process, _ = site.ready()
    assert stop(process) == 0
    path = site.data / "installation.json"
    path.write_text(json.dumps({**site.installation(), "format_version": 2}))
    code, err = site.refused()
    assert code == 2 and "format version 2" in err


def test_a_folder_with_something_else_in_it_is_refused(site):
    site.data.mkdir()
    (site.data / "thesis.txt").write_text("mine")
    code, err = site.refused()
    assert code == 2 and "thesis.txt" in err
    assert (site.data / "thesis.txt").read_text() == "mine"


def test_a_path_too_long_for_sockets_gets_a_private_run_folder(site):
    site.data = site.root / ("d" * 100)
    process, _ = site.ready()
    run = os.path.realpath(site.data / "run")
    assert os.path.islink(site.data / "run") and mode(run) == 0o700
    assert len(run + "/nbd/vol-0123456789abcdef0.sock") <= 107
    assert site.events("apid", "listen")[-1]["address"] == run + "/admin.sock"
    assert stop(process) == 0
    assert not os.path.exists(run)


def test_the_copy_of_a_folder_with_a_private_run_folder_gets_its_own(site):
    site.data = site.root / ("d" * 100)
    process, _ = site.ready()
    original, first = site.data, os.path.realpath(site.data / "run")
    site.data = site.root / ("e" * 100)
    shutil.copytree(original, site.data, symlinks=True)
    copy, _ = site.ready()
    assert os.path.realpath(site.data / "run") != first
    assert stop(copy) == 0 and os.path.exists(first)
    assert stop(process) == 0


def test_a_seal_file_elsewhere_is_remembered_once_it_has_served(site):
    wrong, right = site.root / "wrong.key", site.root / "right.key"
    site.refused("--seal-file", str(right), COFFER_FAKE_APID_BEHAVIOUR="fail")
    process, _ = site.ready("--seal-file", str(right))
    assert stop(process) == 0
    site.refused("--seal-file", str(wrong), COFFER_FAKE_KEYD_BEHAVIOUR="fail")
    process, _ = site.ready()
    arguments = site.events("keyd", "start")[-1]["arguments"]
    assert arguments[arguments.index("--seal-file") + 1] == str(right)
    assert stop(process) == 0


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


COMMANDS = [["up"], ["env"], ["exec"], ["status"], ["doctor"], ["volume", "uri"], ["volume", "why"], ["volume"],
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
    (["volume"], "`coffer volume` needs a command: uri, why"),
    (["volume", "frobnicate"], "`coffer volume` has no command 'frobnicate'; it has: uri, why"),
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
