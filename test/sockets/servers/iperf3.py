# SPDX-License-Identifier: GPL-2.0
"""iperf3: a connection at full speed, to the server and from it."""

from served import Served, missing

CLIENT = """
import json, subprocess, sys
run = subprocess.Popen(["iperf3", "-c", "10.77.0.1", "-p", "5301", "-t", "3", "-J", *sys.argv[1:]], stdout=subprocess.PIPE)
print("busy", flush=True)
answer = json.loads(run.communicate()[0])
end = answer["end"]
print("right" if not run.returncode and end["sum_received"]["bytes"] > 1 << 20 else answer.get("error"), flush=True)
"""


def test(scenario):
    reason = missing("iperf3")
    if reason:
        return reason
    with Served(scenario) as served:
        served.start(["iperf3", "-s", "-p", "5301"], 5301)
        for number, words in enumerate(([], ["-R"])):
            served.client(["python3", "-c", CLIENT, *words], f"client{number}")
            served.wait_until("busy", f"client{number}")
            scenario.wait_for(lambda: served.output("server.out").count("Accepted") > number, "the server has a client")
            served.cycle()
            served.clients_are_right()
        served.end()
    return None
