# SPDX-License-Identifier: Apache-2.0
"""Can a client on another machine use a volume over TCP, and nobody without the volume's certificate?"""
import os
import socket
import stat
import subprocess
import time
from urllib.parse import urlsplit

import pytest

from harness import Coffer, is_served, wait_until

SIZE = 1 << 30
# nbdsh starts the python3 of PATH, and only Debian's has libnbd.
ENVIRONMENT = {**os.environ, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT)
    if check:
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


class Site:
    """An installation with two attached volumes, and a certificate for each."""

    def __init__(self, coffer, folder):
        self.coffer, self.folder = coffer, folder
        ec2 = coffer.client("ec2")
        self.volumes = [coffer.create_volume(ec2, Encrypted=True) for _ in range(2)]
        self.unix_uris = [coffer.attach(volume, device, ec2)
                          for volume, device in zip(self.volumes, ("/dev/sdf", "/dev/sdg"))]
        self.certificates = [folder / f"certificates-{i}" for i in range(2)]
        self.uris = [self.certify(volume, where) for volume, where in zip(self.volumes, self.certificates)]

    def certify(self, volume, where, *more):
        return self.coffer.command("volume", "certificate", volume, "--out", str(where), *more).stdout.strip()

    @property
    def port(self):
        return urlsplit(self.uris[0]).port

    def uri(self, volume, certificates, scheme="nbds"):
        parameters = f"?tls-certificates={certificates}" if certificates else ""
        return f"{scheme}://127.0.0.1:{self.port}/{volume}{parameters}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nbd-tls")
    with Coffer(folder / "data", "--nbd-listen", "127.0.0.1:0") as coffer:
        yield Site(coffer, folder)


def nbdsh(uri, script):
    """The command that runs `script` with `h`, a connected libnbd handle."""
    return ("nbdsh", "-c", f"h.set_uri_allow_local_file(True)\nh.connect_uri({uri!r})\n{script}")


def make_authority(folder, name):
    """A certificate like a client's, of another authority that calls itself like ours, so that clients send it."""
    folder.mkdir()
    for command in (
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca-key.pem -out ca.pem -subj NAME -days 1",
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client-key.pem -out c.csr -subj /CN=y",
            "x509 -req -in c.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 -out client-cert.pem -extfile e"):
        (folder / "e").write_text("extendedKeyUsage=clientAuth\nsubjectAltName=URI:coffer:nbd:*\n")
        subprocess.run(["openssl", *(f"/CN={name}" if word == "NAME" else word for word in command.split())], cwd=folder, check=True, capture_output=True, timeout=60)


def test_libnbd_tools_use_the_volume_as_through_the_unix_socket(site, tmp_path):
    data = os.urandom(8 << 20)
    (tmp_path / "in").write_bytes(data)
    assert "with TLS" in run("nbdinfo", site.uris[0]).stdout
    run("nbdcopy", "--flush", str(tmp_path / "in"), site.uris[0])
    run("nbdcopy", "--connections=4", site.uris[0], str(tmp_path / "tls"))
    run("nbdcopy", site.unix_uris[0], str(tmp_path / "unix"))
    assert (tmp_path / "tls").read_bytes()[:len(data)] == data
    run("cmp", str(tmp_path / "tls"), str(tmp_path / "unix"))
    assert "coffer:depth" in run("nbdinfo", site.uris[0]).stdout
    mapped = run("nbdinfo", "--map=coffer:depth", site.uris[0]).stdout.splitlines()
    assert mapped[0].split()[:3] == ["0", str(len(data)), "1"] and len(mapped) == 2
    out = run(*nbdsh(site.uris[0],
                     "h.pwrite(b'x' * 70000, 123, nbd.CMD_FLAG_FUA)\nprint(h.pread(70000, 123) == b'x' * 70000)\n"
                     "print(h.get_tls_negotiated())")).stdout
    assert out.split() == ["True", "True"]


def test_qemu_uses_the_volume(site, tmp_path):
    data = os.urandom(1 << 20)
    (tmp_path / "in").write_bytes(data)
    credentials = ("--object", f"tls-creds-x509,id=tls,dir={site.certificates[1]},endpoint=client")
    image = f"driver=nbd,host=127.0.0.1,port={site.port},export={site.volumes[1]},tls-creds=tls"
    assert "virtual size: 1 GiB" in run("qemu-img", "info", *credentials, "--image-opts", image).stdout
    run("qemu-img", "convert", "-n", *credentials, "--target-image-opts", "-f", "raw",
        str(tmp_path / "in"), image)
    run("qemu-img", "convert", *credentials, "--image-opts", image, "-O", "raw", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes()[:len(data)] == data


def test_who_has_no_certificate_of_the_volume_is_refused(site, tmp_path):
    make_authority(tmp_path / "foreign", f"Coffer {site.coffer.host()} CA")
    # The client must trust our server in each case, so that it is the server that refuses.
    ours = (site.certificates[0] / "ca-cert.pem").read_bytes()
    (tmp_path / "foreign" / "ca-cert.pem").write_bytes(ours)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "ca-cert.pem").write_bytes(ours)
    volume, other = site.volumes
    assert is_served(site.uri(volume, site.certificates[0]))
    assert not is_served(site.uri(volume, tmp_path / "none"))
    assert not is_served(site.uri(volume, tmp_path / "foreign"))
    refused = run("nbdinfo", site.uri(volume, site.certificates[1]), check=False)
    assert refused.returncode != 0 and "not supported" in refused.stderr, refused  # libnbd's word for ERR_POLICY
    assert is_served(site.uri(other, site.certificates[1]))
    assert not is_served(site.uri("vol-0123456789abcdef0", site.certificates[0]))
    log = site.coffer.log()
    assert "peer did not return a certificate" in log
    assert "unable to get local issuer certificate" in log or "signature failure" in log, log


def test_nothing_is_served_in_the_clear(site):
    refused = run("nbdinfo", site.uri(site.volumes[0], None, "nbd"), check=False)
    assert refused.returncode != 0 and "not supported" in refused.stderr, refused
    refused = run("qemu-img", "info", site.uri(site.volumes[0], None, "nbd"), check=False)
    assert refused.returncode != 0 and "TLS" in refused.stderr, refused
    assert run("nbdinfo", "--list", site.uri("", None, "nbd"), check=False).returncode != 0


def test_one_certificate_for_every_volume(site, tmp_path):
    assert site.certify("all", tmp_path / "all", "--days", "1").startswith(f"nbds://127.0.0.1:{site.port}/?tls")
    for volume in site.volumes:
        assert is_served(site.uri(volume, tmp_path / "all"))
    listed = run("nbdinfo", "--list", site.uri("", tmp_path / "all")).stdout
    assert all(f'export="{volume}"' in listed for volume in site.volumes)
    own = run("nbdinfo", "--list", site.uris[0]).stdout
    assert site.volumes[0] in own and site.volumes[1] not in own


def test_a_mute_connection_holds_nobody_up(site):
    mute = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(20)]
    begin = time.monotonic()
    assert is_served(site.uris[0])
    assert time.monotonic() - begin < 5
    for one in mute:
        one.close()


def test_the_certificate_is_recorded_and_its_key_is_nowhere_else(site, tmp_path):
    site.certify(site.volumes[0], tmp_path / "c", "--days", "7")
    key = tmp_path / "c" / "client-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = "".join(key.read_text().splitlines()[1:-1])
    events = [event for event in site.coffer.trail() if event["eventName"] == "CreateVolumeCertificate"]
    certificate = (tmp_path / "c" / "client-cert.pem").read_text()
    assert events and any(event["responseElements"]["certificate"] == certificate for event in events)
    assert secret[:60] not in repr(events) and secret[:60] not in site.coffer.log()
    text = run("openssl", "x509", "-in", str(tmp_path / "c" / "client-cert.pem"), "-noout", "-text").stdout
    assert f"URI:coffer:nbd:{site.volumes[0]}" in text and "TLS Web Client Authentication" in text
    assert "TLS Web Server Authentication" not in text


@pytest.mark.parametrize("arguments, status, said", [
    (("vol-0123456789abcdef0", "--out", "OUT"), 4, "does not exist"),
    (("nonsense", "--out", "OUT"), 2, "no volume id"),
    (("all",), 2, "--out"),
    (("all", "--out", "OUT", "--days", "0"), 2, "--days"),
    (("all", "--out", "/proc/nowhere"), 1, "/proc/nowhere")])
def test_a_certificate_that_cannot_be_made(site, tmp_path, arguments, status, said):
    words = [word.replace("OUT", str(tmp_path / "out")) for word in arguments]
    done = site.coffer.command("volume", "certificate", *words, check=False)
    assert (done.returncode, said in done.stderr) == (status, True), done
    assert not (tmp_path / "out").exists()


def test_detaching_ends_the_connections(site):
    ec2 = site.coffer.client("ec2")
    volume = site.coffer.create_volume(ec2, Encrypted=True)
    site.coffer.attach(volume, "/dev/sdh", ec2)
    uri = site.certify(volume, site.folder / "detached")
    script = subprocess.Popen(
        nbdsh(uri, "import time\nprint(h.pread(1, 0), flush=True)\n"
                   "while True:\n    h.pwrite(b'y' * 4096, 0)\n    time.sleep(0.01)"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert script.stdout.readline()
    ec2.detach_volume(VolumeId=volume)
    assert script.wait(timeout=30) != 0
    script.stdout.close()
    script.stderr.close()
    assert not is_served(uri) and is_served(site.uris[0])


def test_after_a_kill_of_all_daemons_it_is_served_again(site):
    site.coffer.kill_daemons()
    wait_until(lambda: is_served(site.uris[0]), "the volume over TLS", 30)


def test_without_nbd_listen_there_is_no_certificate(tmp_path):
    with Coffer(tmp_path / "data") as coffer:
        volume = coffer.create_volume()
        done = coffer.command("volume", "certificate", volume, "--out", str(tmp_path / "c"), check=False)
        assert done.returncode == 4 and "--nbd-listen" in done.stderr, done
