# SPDX-License-Identifier: GPL-2.0
"""A Node.js server: 200 connections that are kept alive, and answers that come piece by piece."""

from served import Served, missing

SERVER = """
const http = require('http');
let served = 0;
http.createServer((request, response) => {
    let turn = 0;
    const timer = setInterval(() => {
        response.write(`piece ${turn} of ${request.url}\\n`);
        if (++turn == 5) { clearInterval(timer); response.end(); }
    }, 10);
}).listen(7001, '10.77.0.1', 511);
"""
CLIENT = """
import http.client, threading
wrong, done, met = [], 0, 0
def talk(number):
    global done, met
    connection = http.client.HTTPConnection("10.77.0.1", 7001, timeout=30)
    try:
        for turn in range(20):
            path = f"/{number}/{turn}"
            connection.request("GET", path)
            text = connection.getresponse().read().decode()
            if text != "".join(f"piece {i} of {path}\\n" for i in range(5)): wrong.append(text)
            done += 1
            met += turn == 1
            if turn == 1 and met == 200: print("busy", flush=True) # all are accepted
    except Exception as error:
        wrong.append(repr(error))
threads = [threading.Thread(target=talk, args=(number,)) for number in range(200)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("right" if not wrong and done == 4000 else f"wrong: {done} {wrong[:3]}", flush=True)
"""


def test(scenario):
    reason = missing("node")
    if reason:
        return reason
    with Served(scenario) as served:
        served.start(["env", "UV_USE_IO_URING=0", "node", "-e", SERVER], 7001)
        served.client(CLIENT)
        served.wait_until("busy")
        served.cycle()
        served.clients_are_right()
        served.end()
    return None
