# SPDX-License-Identifier: GPL-2.0
"""Files that were changed between dump and restore: by size, by build id, by permissions; --file-validation and
--skip-file-rwx-check. What is only appended to may grow."""

import os
import shutil
import subprocess

from processes import read_text

PROGRAM = """
import os, signal, sys
data = open(sys.argv[1], 'rb', buffering=0)
log = open(sys.argv[2], 'a')
data.read(3)
def check(*_):
    print(data.read(), flush=True)
    log.write('more'); log.flush()
signal.signal(signal.SIGUSR1, check)
print('ready', flush=True)
while True: signal.pause()
"""
SOURCE = """
#include <unistd.h>
int main(void) { for (;;) pause(); }
"""


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def size_and_mode(scenario):
    data, log = scenario.path("data"), scenario.path("log")
    write(data, "0123456789")
    pid = scenario.start(["python3", "-c", PROGRAM, data, log])
    scenario.wait_for(lambda: "ready" in read_text(scenario.path("output")), "it begins")
    os.chmod(data, 0o640)
    scenario.dump(pid)
    write(data, "0123456789+")
    scenario.says(scenario.restore(status=1), data + " has 11 bytes now, and had 10", "Put back the file")
    write(data, "abcdefghij")
    os.chmod(data, 0o600)
    scenario.says(scenario.restore(status=1), data + " has mode 0100600 now, and had 0100640", "--skip-file-rwx-check")
    os.chmod(data, 0o4600)
    scenario.says(scenario.restore("--skip-file-rwx-check", status=1), data + " has mode 0104600 now")
    os.unlink(data)
    os.mkdir(data)
    scenario.says(scenario.restore("--skip-file-rwx-check", status=1), data + " has mode")
    os.rmdir(data)
    scenario.says(scenario.restore(status=1), data, "Put the file back")
    write(data, "abcdefghij")
    os.chmod(data, 0o600)
    write(log, "it has grown meanwhile, ")
    scenario.restore("--skip-file-rwx-check")
    os.kill(pid, 10)
    scenario.wait_for(lambda: "defghij" in read_text(scenario.path("output")), "it reads what is there now")
    scenario.wait_for(lambda: read_text(log) == "it has grown meanwhile, more", "it appends")
    scenario.end(pid)


def build(scenario, build_id, padding):
    write(scenario.path("p.c"), SOURCE + f"\n__attribute__((used)) static char padding[{padding}] = {{ 1 }};\n")
    subprocess.run(["cc", "-o", scenario.path("new"), scenario.path("p.c"), f"-Wl,--build-id=0x{build_id}"], check=True)
    os.rename(scenario.path("new"), scenario.path("program"))


def build_ids(scenario):
    name = scenario.path("program")
    build(scenario, "11223344aa", 10)
    shutil.copy(name, scenario.path("original"))
    pid = scenario.start([name])
    scenario.wait_for(lambda: os.path.exists(f"/proc/{pid}/exe") and os.readlink(f"/proc/{pid}/exe") == name, "it begins")
    scenario.wait_for(lambda: scenario.state(pid) == "S", "it waits")
    os.mkdir(scenario.path("size"))
    scenario.criu("dump", "-t", pid, "-R", "--file-validation", "filesize", images="size")
    scenario.dump(pid, "--file-validation", "buildid")
    build(scenario, "11223344bb", 10)
    scenario.says(scenario.restore(status=1), name + " is another build than at the dump", "--file-validation filesize")
    scenario.restore("--file-validation", "filesize")
    scenario.end(pid)
    # No build id was saved: only the size counts.
    scenario.restore(images="size")
    scenario.end(pid)
    build(scenario, "11223344bb", 50000)
    scenario.says(scenario.restore(images="size", status=1), name + " has", "Put back the file")
    # The same build with more behind it, such as what strip removes.
    os.replace(scenario.path("original"), name)
    with open(name, "ab") as file:
        file.write(b"0" * 1000)
    scenario.restore()
    scenario.end(pid)
    for value in ("", "sizes"):
        scenario.says(scenario.restore("--file-validation", value, status=1), "invalid value")


def test(scenario):
    size_and_mode(scenario)
    build_ids(scenario)
