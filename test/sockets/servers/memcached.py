# SPDX-License-Identifier: GPL-2.0
"""memcached: threads that share their connections, by TCP and UDP."""

from served import Served, missing

CLIENT = """
import socket, time
streams = [socket.create_connection(("10.77.0.1", 11299)).makefile("rwb") for _ in range(20)]
for turn in range(200):
    for number, stream in enumerate(streams):
        value = b"%d.%d" % (number, turn)
        stream.write(b"set key%d 0 0 %d\\r\\n%s\\r\\nget key%d\\r\\n" % (number, len(value), value, number))
        stream.flush()
    for number, stream in enumerate(streams):
        value = b"%d.%d" % (number, turn)
        assert stream.readline() == b"STORED\\r\\n"
        assert stream.readline() == b"VALUE key%d 0 %d\\r\\n" % (number, len(value))
        assert stream.readline() == value + b"\\r\\n" and stream.readline() == b"END\\r\\n"
    if turn == 50: print("busy", flush=True)
    time.sleep(0.01)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.settimeout(5)
datagrams.sendto(b"\\0\\1\\0\\0\\0\\1\\0\\0get key3\\r\\n", ("10.77.0.1", 11299))
assert b"3.199" in datagrams.recv(2000)
print("right", flush=True)
"""


def test(scenario):
    reason = missing("memcached")
    if reason:
        return reason
    with Served(scenario) as served:
        served.start(["memcached", "-u", "root", "-p", "11299", "-U", "11299", "-l", "10.77.0.1", "-t", "4"], 11299)
        served.client(CLIENT)
        served.wait_until("busy")
        served.cycle()
        served.cycle()
        served.clients_are_right()
        served.end()
    return None
