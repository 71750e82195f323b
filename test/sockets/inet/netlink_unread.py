# SPDX-License-Identifier: GPL-2.0
"""Messages that a netlink socket has not read are dropped, with a warning; the socket is as good as before."""

import os

PROGRAM = """
import os, socket, struct, time
def ask(fd, number):
    fd.send(struct.pack("=IHHIIBxHiII", 32, 18, 1, number, 0, 0, 0, 1, 0, 0))
fd = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
ask(fd, 1)
print("asked", flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
ask(fd, 2)
print("number", struct.unpack_from("=I", fd.recv(65536), 8)[0], flush=True)
"""


def run(scenario, name, numbers, *options):
    os.makedirs(scenario.path(name))
    os.makedirs(scenario.path(name + ".images"))
    said = scenario.path(name, "out")
    pid = scenario.start(["python3", "-c", PROGRAM], name + "/out", cwd=scenario.path(name))
    scenario.wait_for(lambda: "asked" in open(said).read(), "the program asks")
    if options:
        answer = scenario.criu("dump", "-t", pid, *options, images=name + ".images")
    else:
        answer = scenario.dump(pid, images=name + ".images")
        scenario.restore(images=name + ".images")
    scenario.check("has not read are dropped" in answer.log, f"nothing is said of messages: {answer}")
    open(scenario.path(name, "go"), "w").close()
    scenario.wait_for(lambda: "number" in open(said).read(), "the program is answered")
    scenario.check(open(said).read().split()[-1] == numbers, f"{name}: {open(said).read()}")


def test(scenario):
    run(scenario, "cycle", "2")
    run(scenario, "running", "1", "-R")
