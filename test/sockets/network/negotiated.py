# SPDX-License-Identifier: GPL-2.0
"""What two hosts have agreed on when they connected: window scales, selective acknowledgements, timestamps, the largest segment. It is
the same after a restore, and the same as the other side has it, which was not saved."""

import os
import re

from network import Hosts, command

SERVER = """
import socket
listener = socket.create_server(("10.77.0.1", 7000))
connection = listener.accept()[0]
while data := connection.recv(65536):
    connection.sendall(data)
"""
CLIENT = """
import os, socket, sys, time
for setting in sys.argv[1:]:
    name, value = setting.split("=")
    if name == "mss":
        continue
    open("/proc/sys/net/ipv4/" + name, "w").write(value)
connection = socket.socket()
for setting in sys.argv[1:]:
    if setting.startswith("mss="):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, int(setting[4:]))
connection.connect(("10.77.0.1", 7000))
print("connected", flush=True)
while not os.path.exists("speak"):
    time.sleep(0.02)
for number in range(10):
    data = os.urandom(30000)
    connection.sendall(data)
    answer = b""
    while len(answer) < len(data):
        answer += connection.recv(65536) or sys.exit("it is over")
    if answer != data:
        sys.exit("wrong bytes")
print("right", flush=True)
"""
TIMESTAMP = 12  # bytes that may be counted in the segment or not
WANTED = {"as usual": {"ts", "sack", "wscale"},
          "tcp_timestamps=0": {"sack", "wscale"},
          "tcp_sack=0": {"ts", "wscale"},
          "tcp_window_scaling=0": {"ts", "sack"},
          "mss=700": {"ts", "sack", "wscale"}}


def agreed(hosts):
    """As ss tells it of the server's end: words and window scales; the largest segment."""
    text = command(*hosts.inside("a"), "ss", "-Htine", "state", "established", "sport", "=", "7000")
    words = {word.split(":")[0] for word in text.split()} & {"ts", "sack", "wscale"}
    return (words, re.findall(r"wscale:(\S+)", text)), int(re.search(r" mss:(\d+)", text)[1])


def run(scenario, setting, wanted):
    directory = scenario.path(setting)
    os.makedirs(directory)
    os.makedirs(scenario.path(setting + ".images"))
    with Hosts("a", "b") as hosts:
        server = scenario.start([*hosts.inside("a"), "python3", "-c", SERVER])
        scenario.wait_for(lambda: "7000" in command(*hosts.inside("a"), "ss", "-ltn"), "the server listens")
        more = [setting] if "=" in setting else []
        client = scenario.start([*hosts.inside("b"), "python3", "-c", CLIENT, *more], setting + "/client.out", cwd=directory)
        scenario.wait_for(lambda: "connected" in open(scenario.path(setting, "client.out")).read(), "the client is connected")
        before, segment = agreed(hosts)
        scenario.check(before[0] == wanted, f"{setting}: the test tests nothing: {before}")
        scenario.dump(server, "--tcp-established", images=setting + ".images", before=hosts.inside("a"))
        scenario.restore("--tcp-established", images=setting + ".images", before=hosts.inside("a"))
        after, restored = agreed(hosts)
        scenario.check(after == before, f"{setting}: {before} became {after}")
        scenario.check(abs(restored - segment) <= TIMESTAMP, f"{setting}: segments of {restored} bytes instead of {segment}")
        open(scenario.path(setting, "speak"), "w").close()
        scenario.reaper.wait(client, 60)
        result = open(scenario.path(setting, "client.out")).read()
        scenario.check("right" in result, f"{setting}: the client says: {result}")
        if scenario.state(server):
            scenario.end(server)


def test(scenario):
    for setting, wanted in WANTED.items():
        run(scenario, setting, wanted)
