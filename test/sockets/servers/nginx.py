# SPDX-License-Identifier: GPL-2.0
"""nginx with two workers: connections that are kept alive, and slow downloads by curl and by hand."""

import hashlib
import os

from served import Served, missing

CONFIGURATION = """
daemon off;
worker_processes 2;
pid {0}/nginx.pid;
error_log {0}/error.log info;
user root;
events {{ worker_connections 256; accept_mutex off; }}
http {{
    access_log {0}/access.log;
    client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;
    sendfile on;
    keepalive_requests 100000;
    server {{ listen 8080 reuseport; listen [::]:8080; root {0}/www; limit_rate 3m; }}
}}
"""
CLIENT = """
import http.client, time
connections = [http.client.HTTPConnection("10.77.0.1", 8080, timeout=30) for _ in range(8)]
first = [None] * 8
for turn in range(120):
    for number, connection in enumerate(connections):
        connection.request("GET", "/small")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read() == b"small file\\n"
        assert first[number] in (None, connection.sock), "a new connection"
        first[number] = connection.sock
    if turn == 20: print("busy", flush=True)
    time.sleep(0.02)
print("right", flush=True)
"""
DOWNLOAD = """
import hashlib, subprocess, sys
got = subprocess.run(["curl", "-sS", "-g", sys.argv[1]], stdout=subprocess.PIPE, check=True).stdout
print("right" if hashlib.sha256(got).hexdigest() == sys.argv[2] else f"wrong: {len(got)} bytes", flush=True)
"""


def test(scenario):
    reason = missing("nginx", "curl")
    if reason:
        return reason
    os.makedirs(scenario.path("www"))
    content = os.urandom(12 << 20)
    with open(scenario.path("www/large"), "wb") as out:
        out.write(content)
    with open(scenario.path("www/small"), "w") as out:
        out.write("small file\n")
    with open(scenario.path("nginx.conf"), "w") as out:
        out.write(CONFIGURATION.format(scenario.path()))
    with Served(scenario) as served:
        served.start(["nginx", "-p", scenario.path(), "-c", scenario.path("nginx.conf")], 8080)
        for number, host in enumerate(("10.77.0.1", "[fd77::1]")):
            served.client(["python3", "-c", DOWNLOAD, f"http://{host}:8080/large", hashlib.sha256(content).hexdigest()],
                          f"download{number}")
        served.client(CLIENT)
        served.wait_until("busy")
        served.cycle()
        served.cycle()
        served.clients_are_right()
        served.end()
    return None
