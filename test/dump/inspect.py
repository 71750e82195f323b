# SPDX-License-Identifier: GPL-2.0
"""criu inspect and criu dump --dry-run tell everything that stands in the way, in the words of the
real dump, save nothing and change nothing."""

import json
import os

PROGRAM = """
import ctypes, os, socket, time
libc = ctypes.CDLL(None)
libc.syscall(425, 8, ctypes.create_string_buffer(bytes(8) + b"\\1", 120))
a = socket.socket(); a.bind(("127.0.0.1", 0)); a.listen()
b = socket.create_connection(a.getsockname())
if os.fork() == 0:
    libc.syscall(323, 0)
open("ready", "a").write("x")
time.sleep(1000)
"""


def inspect(scenario, pid, *arguments, status):
    output = scenario.path("inspect.out")
    with open(output, "wb") as out, open(scenario.path("inspect.err"), "wb") as err:
        found = scenario.reaper.run([scenario.program, *map(str, arguments)], 20, stdout=out, stderr=err, cwd=scenario.directory)
    said = open(output).read() or open(scenario.path("inspect.err")).read()
    scenario.check(found == status, f"{arguments} was to end with {status}, not {found}: {said}")
    return said


def test(scenario):
    counter = scenario.counter()
    files = sorted(os.listdir(scenario.directory) + os.listdir(scenario.path("images")) + ["inspect.out", "inspect.err"])
    for words in (("inspect", counter), ("inspect", "-t", counter), ("dump", "--dry-run", "-t", counter)):
        said = inspect(scenario, counter, *words, status=0)
        scenario.check("can be saved" in said and "Processes: 1, threads: 1" in said, f"{words}: {said}")
        scenario.counts()
    now = sorted(os.listdir(scenario.directory) + os.listdir(scenario.path("images")))
    scenario.check(now == files, f"there are new files: {set(now) - set(files)}")

    pid = scenario.start(["python3", "-c", PROGRAM])
    scenario.wait_for(lambda: os.path.exists(scenario.path("ready")) and os.path.getsize(scenario.path("ready")) == 2, "it is ready")
    said = inspect(scenario, pid, "inspect", pid, status=1)
    for text in ("io_uring", "wait to be accepted", "established", "userfaultfd", "--tcp-established", "--skip-in-flight"):
        scenario.check(text in said, f"it does not tell of {text}: {said}")
    scenario.check(said.count("hint:") >= 4, f"there is no advice: {said}")
    told = json.loads(inspect(scenario, pid, "inspect", "--json", pid, status=1))
    scenario.check(not told["can_be_saved"] and told["processes"] == 2 and len(told["obstacles"]) >= 5, f"JSON: {told}")
    answer = scenario.criu("dump", "-t", pid, status=1)
    first = told["obstacles"][0]
    scenario.check(first["message"] in answer.said and first["hint"] in answer.said, f"the dump says something else: {answer}")
    # Options count as they do for a dump.
    told = json.loads(inspect(scenario, pid, "dump", "--dry-run", "--json", "-t", pid, "--tcp-established", "--skip-in-flight", status=1))
    scenario.check(not any("connection" in one["message"] for one in told["obstacles"]), f"connections are allowed: {told}")
    inspect(scenario, pid, "inspect", 99999999, status=1)
    said = inspect(scenario, pid, "inspect", status=1)
    scenario.check("criu inspect PID" in said, f"no advice: {said}")
