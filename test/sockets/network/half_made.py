# SPDX-License-Identifier: GPL-2.0
"""SYN-RECEIVED: a connection by Fast Open that is accepted before its handshake is complete. That passes by itself as a rule, and the dump
waits for it; where it does not, both addresses are told."""

import os

from network import Hosts, command

SERVER = """
import os, socket, time
listener = socket.create_server(("10.77.0.1", 7000))
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
print("listening", flush=True)
connection = listener.accept()[0]
print("accepted", flush=True)
while data := connection.recv(65536):
    connection.sendall(data)
"""
# Its acknowledgements do not get through: see below.
CLIENT = """
import socket
connection = socket.socket()
connection.sendto(b"early", socket.MSG_FASTOPEN, ("10.77.0.1", 7000))
print(connection.recv(100).decode(), flush=True)
"""


def server_state(hosts):
    return command(*hosts.inside("a"), "ss", "-Htn", "state", "syn-recv", "sport", "=", "7000")


def test(scenario):
    with Hosts("a", "b") as hosts:
        for host, value in (("a", 0x602), ("b", 0x5)):  # without cookies
            command(*hosts.inside(host), "sh", "-c", f"echo {value} > /proc/sys/net/ipv4/tcp_fastopen")
        pid = scenario.start([*hosts.inside("a"), "python3", "-c", SERVER], "server.out")
        scenario.wait_for(lambda: "listening" in open(scenario.path("server.out")).read(), "the server listens")
        # Of what the server sends nothing arrives, so that the client acknowledges nothing.
        command(*hosts.inside("b"), "nft", "add table inet t; add chain inet t i { type filter hook input priority 0; }; "
                "add rule inet t i tcp sport 7000 drop")
        scenario.start([*hosts.inside("b"), "python3", "-c", CLIENT], "client.out")
        scenario.wait_for(lambda: "accepted" in open(scenario.path("server.out")).read(), "the server accepts")
        scenario.check(server_state(hosts), "the connection is not half made: the test tests nothing")
        answer = scenario.criu("dump", "-t", pid, "--tcp-established", before=hosts.inside("a"), status=1)
        scenario.says(answer, "10.77.0.1:7000 - 10.77.0.2:", "is only half made")
        command(*hosts.inside("b"), "nft", "flush ruleset")
        scenario.wait_for(lambda: "early" in open(scenario.path("client.out")).read(), "the client gets its answer")
        os.unlink(scenario.path("client.out"))
