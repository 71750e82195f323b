# SPDX-License-Identifier: GPL-2.0
"""Apache httpd with worker processes: connections that are kept alive and a slow download."""

import hashlib
import os

from served import Served, missing

MODULES = "/usr/lib/apache2/modules"
CONFIGURATION = """
ServerRoot {0}
PidFile {0}/httpd.pid
Listen 10.77.0.1:8081
ServerName test
LoadModule mpm_event_module {1}/mod_mpm_event.so
LoadModule authz_core_module {1}/mod_authz_core.so
LoadModule env_module {1}/mod_env.so
LoadModule ratelimit_module {1}/mod_ratelimit.so
ErrorLog {0}/error.log
DocumentRoot {0}/www
StartServers 2
MaxKeepAliveRequests 0
KeepAliveTimeout 60
Mutex pthread
EnableSendfile on
<Location /large>
SetOutputFilter RATE_LIMIT
SetEnv rate-limit 4000
</Location>
"""
CLIENT = """
import http.client, subprocess, sys, time, hashlib
connections = [http.client.HTTPConnection("10.77.0.1", 8081, timeout=30) for _ in range(8)]
download = subprocess.Popen(["curl", "-sS", "http://10.77.0.1:8081/large"], stdout=subprocess.PIPE)
for turn in range(120):
    for connection in connections:
        connection.request("GET", "/small")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read() == b"small file\\n"
    if turn == 20: print("busy", flush=True)
    time.sleep(0.01)
got = download.communicate()[0]
print("right" if hashlib.sha256(got).hexdigest() == sys.argv[1] else f"wrong: {len(got)} bytes", flush=True)
"""


def test(scenario):
    reason = missing("apache2", "curl")
    if reason:
        return reason
    os.makedirs(scenario.path("www"))
    content = os.urandom(10 << 20)
    for name, data in (("large", content), ("small", b"small file\n")):
        with open(scenario.path("www", name), "wb") as out:
            out.write(data)
    with open(scenario.path("httpd.conf"), "w") as out:
        out.write(CONFIGURATION.format(scenario.path(), MODULES))
    with Served(scenario) as served:
        served.start(["apache2", "-f", scenario.path("httpd.conf"), "-DFOREGROUND"], 8081)
        served.client(["python3", "-c", CLIENT, hashlib.sha256(content).hexdigest()])
        served.wait_until("busy")
        served.cycle()
        served.clients_are_right()
        served.end()
    return None
