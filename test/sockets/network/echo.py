# SPDX-License-Identifier: GPL-2.0
"""A connection to a client on another host, in use while the server is saved: no reset, sequence numbers and timestamps
go on, every byte comes once. With --leave-running the client notices nothing; restored here, or on a third host that
takes over the address, it notices a pause."""

import os
import re
import time

from network import Hosts, Recording

SERVER = """
import socket
listener = socket.create_server(("::", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
import threading
def serve(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],)).start()
"""
CLIENT = """
import hashlib, os, socket, sys, threading, time
connection = socket.create_connection((sys.argv[1], 7000))
sent, received, pieces = hashlib.sha256(), hashlib.sha256(), int(sys.argv[2])
def send():
    for number in range(pieces):
        piece = os.urandom(8192)
        sent.update(piece)
        connection.sendall(piece)
        time.sleep(0.002)
    connection.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
count, longest, last = 0, 0, time.monotonic()
while data := connection.recv(65536):
    received.update(data)
    count += len(data)
    now = time.monotonic()
    longest, last = max(longest, now - last), now
    if count > 200000 and not os.path.exists("busy"):
        open("busy", "w").close()
good = count == pieces * 8192 and sent.digest() == received.digest()
print("result", "right" if good else f"wrong: {count} bytes", f"{longest:.3f}", flush=True)
"""
PIECES = 1200


def check_recording(scenario, recording, server):
    """server: the source address as tcpdump prints it. All bytes of the server are there, its clock goes forward. What it
    sends while the connection is locked comes later: the network may lose packets."""
    scenario.check(not recording.packets("tcp[13] & 4 != 0") if server.startswith("10.") else True, "there was a reset")
    lines = recording.packets("src port 7000")
    scenario.check(len(lines) > 100, f"only {len(lines)} packets of the server were recorded")
    base, clock, pieces = None, 0, []
    for line in lines:
        scenario.check(not re.search(r"Flags \[[^\]]*R", line), f"a reset: {line}")
        match = re.search(r"seq (\d+):(\d+)", line)
        if match:
            first, last = int(match[1]), int(match[2])
            base = first if base is None else base
            pieces.append(((first - base) % 2 ** 32, (last - base) % 2 ** 32, line))
        match = re.search(r"TS val (\d+)", line)
        if match:
            scenario.check((int(match[1]) - clock) % 2 ** 32 < 2 ** 31 or not clock, f"the clock goes back: {line}")
            clock = int(match[1])
    reach = 0
    for first, last, line in sorted(pieces):
        scenario.check(first <= reach, f"{first - reach} bytes before this were never sent: {line}")
        reach = max(reach, last)


def run(scenario, name, address, middle):
    directory = scenario.path(name)
    os.makedirs(directory)
    with Hosts("a", "b", "c") as hosts:
        pid = scenario.start([*hosts.inside("a"), "python3", "-c", SERVER], name + "/server.out")
        scenario.wait_for(lambda: "listening" in open(scenario.path(name, "server.out")).read(), "the server listens")
        recording = Recording(scenario, hosts, "b", scenario.path(name, "packets.pcap"))
        client = scenario.start([*hosts.inside("b"), "python3", "-c", CLIENT, address, str(PIECES)], name + "/client.out",
                                cwd=directory)
        scenario.wait_for(lambda: os.path.exists(scenario.path(name, "busy")), "the client is busy")
        os.makedirs(scenario.path(name + ".images"))
        middle(scenario, hosts, pid, name + ".images")
        scenario.reaper.wait(client, 60)
        result = open(scenario.path(name, "client.out")).read()
        scenario.check("result right" in result, f"{name}: the client says: {result}")
        for host in ("a", "c"):
            scenario.check(hosts.rules(host) == "", f"{name}: rules are left on host {host}: {hosts.rules(host)}")
        recording.end()
        check_recording(scenario, recording, address)
        os.unlink(scenario.path("tcpdump.out"))
        if scenario.state(pid):
            scenario.end(pid)
        return float(result.split()[-1])


def stay(scenario, hosts, pid, images):
    scenario.dump(pid, "--tcp-established", images=images, before=hosts.inside("a"))
    time.sleep(0.7)
    scenario.restore("--tcp-established", images=images, before=hosts.inside("a"))


def leave_running(scenario, hosts, pid, images):
    scenario.criu("dump", "-t", pid, "--tcp-established", "-R", images=images, before=hosts.inside("a"))


def move(scenario, hosts, pid, images):
    scenario.dump(pid, "--tcp-established", images=images, before=hosts.inside("a"))
    hosts.take_address("a", 1)
    hosts.forget_neighbours()
    # The address comes when the connection is locked there: the host must not answer for it.
    script = scenario.path("bring_address")
    with open(script, "w") as out:
        out.write("#!/bin/sh\n[ $CRTOOLS_SCRIPT_ACTION = pre-restore ] || exit 0\n"
                  "ip address add 10.77.0.1/24 dev eth0\nsleep 0.3\n")
    os.chmod(script, 0o755)
    scenario.restore("--tcp-established", "--action-script", script, images=images, before=hosts.inside("c"))
    # What the dump has left on the other host is the administrator's to remove.
    scenario.check("CRIU-" in hosts.rules("a"), "the connection was not locked on the host that was left")
    scenario.reaper.run([*hosts.inside("a"), "nft", "flush", "ruleset"], 10)


def test(scenario):
    run(scenario, "v4", "10.77.0.1", stay)
    run(scenario, "v6", "fd77::1", stay)
    pause = run(scenario, "running", "10.77.0.1", leave_running)
    scenario.check(pause < 1, f"the client waited {pause} s while the tree ran on")
    run(scenario, "moved", "10.77.0.1", move)
