# SPDX-License-Identifier: GPL-2.0
"""Downloads with curl, at a limited rate over one connection that is kept for several files; every byte arrives."""

import os

from served import Served, missing

SERVER = """
import functools, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
handler = functools.partial(Handler, directory=sys.argv[1])
http.server.ThreadingHTTPServer(("10.77.0.1", 8744), handler).serve_forever()
"""
CLIENT = """
import filecmp, subprocess, sys
place = sys.argv[1]
urls = [word for number in range(4) for word in ("-o", f"{place}/got.{number}", f"http://10.77.0.1:8744/{number}")]
run = subprocess.Popen(["curl", "-sS", "--limit-rate", "3M", *urls])
print("busy", flush=True)
run.wait()
same = [filecmp.cmp(f"{place}/files/{number}", f"{place}/got.{number}", shallow=False) for number in range(4)]
print("right" if not run.returncode and all(same) else f"wrong: {run.returncode} {same}", flush=True)
"""


def test(scenario):
    reason = missing("curl")
    if reason:
        return reason
    os.makedirs(scenario.path("files"))
    for number in range(4):
        with open(scenario.path("files", str(number)), "wb") as out:
            out.write(os.urandom(3 << 20))
    with Served(scenario) as served:
        served.start(["python3", "-c", SERVER, scenario.path("files")], 8744)
        served.client(["python3", "-c", CLIENT, scenario.path()])
        served.wait_until("busy")
        scenario.wait_for(lambda: os.path.exists(scenario.path("got.0")), "the download has begun")
        served.cycle()
        served.cycle()
        served.clients_are_right()
        served.end()
    return None
