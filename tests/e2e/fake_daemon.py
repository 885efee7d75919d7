#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A daemon in miniature for the supervisor's tests: speaks the protocol of src/daemon/README.md on descriptor 3 and
writes what it sees, one JSON object a line, to $COFFER_FAKE_LOG. $COFFER_FAKE_NAME_BEHAVIOUR (NAME in capitals) makes it
misbehave: `fail` reports that it cannot serve, `die` ends before it is ready, `deaf` ignores `stop`, `mute` is never
ready."""
import array
import json
import os
import signal
import socket
import sys

name = os.path.basename(sys.argv[0]).removeprefix("coffer-")
behaviour = os.environ.get(f"COFFER_FAKE_{name.upper()}_BEHAVIOUR", "")
peers = {}


def note(event, **more):
    line = json.dumps({"name": name, "pid": os.getpid(), "event": event, **more}) + "\n"
    with open(os.environ["COFFER_FAKE_LOG"], "a", encoding="utf-8") as log:
        log.write(line)


def receive():
    text, ancillary, _, _ = channel.recvmsg(65536, socket.CMSG_SPACE(8 * 4))
    descriptors = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % 4])
    return text.decode(), list(descriptors)


def open_descriptors():
    return sorted(int(entry) for entry in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{entry}"))


note("start", arguments=sys.argv[1:], environment=dict(os.environ), descriptors=open_descriptors(),
     stdin=os.readlink("/proc/self/fd/0"), group=os.getpgid(0))
if behaviour == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
channel = socket.socket(fileno=3)
while True:
    message, received = receive()
    verb = message.split(" ")[0] if message else "closed"
    if verb == "peer":
        peer = message.split(" ")[1]
        peers[peer] = socket.socket(fileno=received[0])
        peers[peer].send(f"hello from {name} {os.getpid()}".encode())
        note("peer", peer=peer, host=message.split(" ")[2], said=peers[peer].recv(1000).decode())
    elif verb == "listen":
        listener = socket.socket(fileno=received[0])
        note("listen", listener=message.split(" ")[1], address=listener.getsockname())
    elif verb == "started":
        note("started")
        if behaviour == "fail":
            channel.send(b"failed the seal does not open")
            sys.exit(1)
        if behaviour == "die":
            sys.exit(7)
        if behaviour != "mute":
            channel.send(b"ready")
    elif behaviour != "deaf":
        note(verb)
        sys.exit(0)
    elif verb == "closed":
        sys.exit(0)
