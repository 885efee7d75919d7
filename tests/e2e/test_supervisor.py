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
import time

import pytest

from fake_site import PATIENCE, stop


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
    sealer = starts["keyd"][5]
    assert starts["keyd"] == ["--data", data, "--seal-file", data + "/seal.key", "--sealer", sealer, "--initialise", "--seal",
                              "key-file"]
    assert sealer.endswith("/coffer-sealer")
    assert starts["volumed"] == ["--data", data, "--crypto", "auto", "--io", "auto", "--throttle", "off", "--nbd-tls", "off"]
    assert starts["apid"] == ["--data", data, "--account", "210987654321", "--endpoint", url, "--host-id",
                              site.installation()["host_id"], "--region", "eu-central-1", "--region", "us-east-1",
                              "--xks-timeout", "250", "--development"]
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
