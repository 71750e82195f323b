# SPDX-License-Identifier: GPL-2.0
"""Connections from another host that wait to be accepted, and have sent nothing yet: their clients notice nothing. With --leave-running,
after a restore here, on a host that takes over the address, and after a boot with another clock."""

import os
import subprocess

from network import Hosts, Recording

SERVER = """
import os, socket, threading, time
listener = socket.create_server(("::", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
while not os.path.exists("accept"):
    time.sleep(0.02)
def serve(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],)).start()
"""
CLIENT = """
import os, socket, sys, time
if len(sys.argv) > 2:
    open("/proc/sys/net/ipv4/tcp_timestamps", "w").write("0")
connections = [socket.create_connection((sys.argv[1], 7000)) for i in range(3)]
print("connected", flush=True)
while not os.path.exists("speak"):
    time.sleep(0.02)
for connection in connections:
    for number in range(20):
        data = os.urandom(5000)
        connection.sendall(data)
        answer = b""
        while len(answer) < len(data):
            piece = connection.recv(65536)
            if not piece: raise SystemExit("it is over")
            answer += piece
        if answer != data: raise SystemExit("wrong bytes")
    connection.shutdown(socket.SHUT_WR)
    if connection.recv(1): raise SystemExit("more than was sent")
print("right", flush=True)
"""


def run(scenario, name, address, middle, *more):
    directory = scenario.path(name)
    os.makedirs(directory)
    with Hosts("a", "b", "c") as hosts:
        pid = scenario.start([*hosts.inside("a"), "python3", "-c", SERVER], name + "/server.out", cwd=directory)
        scenario.wait_for(lambda: "listening" in open(scenario.path(name, "server.out")).read(), "the server listens")
        recording = Recording(scenario, hosts, "b", scenario.path(name, "packets.pcap"))
        client = scenario.start([*hosts.inside("b"), "python3", "-c", CLIENT, address, *more], name + "/client.out", cwd=directory)
        scenario.wait_for(lambda: "connected" in open(scenario.path(name, "client.out")).read(), "the client is connected")
        os.makedirs(scenario.path(name + ".images"))
        middle(scenario, hosts, pid, name + ".images")
        open(scenario.path(name, "accept"), "w").close()
        open(scenario.path(name, "speak"), "w").close()
        scenario.reaper.wait(client, 60)
        result = open(scenario.path(name, "client.out")).read()
        scenario.check("right" in result, f"{name}: the client says: {result}")
        for host in ("a", "c"):
            scenario.check("drop" not in hosts.rules(host).lower(), f"{name}: rules are left on host {host}: {hosts.rules(host)}")
        recording.end()
        for line in recording.packets("tcp"):
            scenario.check("Flags [R" not in line, f"{name}: there was a reset: {line}")
        os.unlink(scenario.path("tcpdump.out"))
        if scenario.state(pid):
            scenario.end(pid)


def stay(scenario, hosts, pid, images, *options):
    scenario.dump(pid, "--tcp-established", *options, images=images, before=hosts.inside("a"))
    scenario.restore("--tcp-established", images=images, before=hosts.inside("a"))


def stay_behind_iptables(scenario, hosts, pid, images):
    stay(scenario, hosts, pid, images, "--network-lock", "iptables")


def leave_running(scenario, hosts, pid, images):
    scenario.criu("dump", "-t", pid, "--tcp-established", "-R", images=images, before=hosts.inside("a"))


def move(scenario, hosts, pid, images):
    scenario.dump(pid, "--tcp-established", images=images, before=hosts.inside("a"))
    hosts.take_address("a", 1)
    hosts.forget_neighbours()
    script = scenario.path("bring_address")
    with open(script, "w") as out:
        out.write("#!/bin/sh\n[ $CRTOOLS_SCRIPT_ACTION = pre-restore ] || exit 0\n"
                  "ip address add 10.77.0.1/24 dev eth0\nsleep 0.3\n")
    os.chmod(script, 0o755)
    scenario.restore("--tcp-established", "--action-script", script, images=images, before=hosts.inside("c"))
    scenario.reaper.run([*hosts.inside("a"), "nft", "flush", "ruleset"], 10)


def another_boot(scenario, hosts, pid, images):
    """The image is made to say so; timestamps are left out then."""
    scenario.dump(pid, "--tcp-established", images=images, before=hosts.inside("a"))
    path = scenario.path(images, "files.img")
    with open(path, "rb") as image:
        data = image.read()
    boot = open("/proc/sys/kernel/random/boot_id", "rb").read().strip()
    scenario.check(boot in data, "the image does not name the boot")
    with open(path, "wb") as image:
        image.write(data.replace(boot, boot[::-1]))
    os.unlink(scenario.path(images, "checksums.img"))
    answer = scenario.restore("--tcp-established", images=images, before=hosts.inside("a"))
    scenario.check("goes on without timestamps" in answer.log, f"nothing is said of timestamps: {answer}")


def refusals(scenario):
    """Without an option at the dump, and at the restore; left out by --skip-in-flight and --tcp-close."""
    with Hosts("a", "b") as hosts:
        pid = scenario.start([*hosts.inside("a"), "python3", "-c", SERVER], "refusing.out")
        scenario.wait_for(lambda: "listening" in open(scenario.path("refusing.out")).read(), "the server listens")
        scenario.start([*hosts.inside("b"), "python3", "-c", CLIENT, "10.77.0.1"], "client.out")
        scenario.wait_for(lambda: "connected" in open(scenario.path("client.out")).read(), "the client is connected")
        scenario.says(scenario.criu("dump", "-t", pid, before=hosts.inside("a"), status=1), "3 connections wait", "--tcp-established")
        scenario.criu("dump", "-t", pid, "-R", "--skip-in-flight", before=hosts.inside("a"))
        scenario.dump(pid, "--tcp-established", before=hosts.inside("a"))
        scenario.says(scenario.criu("restore", "-d", before=hosts.inside("a"), status=1), "cannot restore the 3 connections",
                      "--tcp-established")
        scenario.restore("--tcp-close", before=hosts.inside("a"))
        said = subprocess.run([*hosts.inside("a"), "ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
        scenario.check(said.split()[1] == "0", f"with --tcp-close there are still connections: {said}")
        scenario.end(pid)


def test(scenario):
    run(scenario, "v4", "10.77.0.1", stay)
    run(scenario, "v6", "fd77::1", stay)
    run(scenario, "plain", "10.77.0.1", stay, "without timestamps")
    run(scenario, "iptables", "10.77.0.1", stay_behind_iptables)
    run(scenario, "running", "10.77.0.1", leave_running)
    run(scenario, "moved", "10.77.0.1", move)
    run(scenario, "another_boot", "10.77.0.1", another_boot)
    refusals(scenario)
