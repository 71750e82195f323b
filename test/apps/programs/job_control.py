# SPDX-License-Identifier: GPL-2.0
# Types into a shell as a person would and reads what it says; marks make the output independent of time.
import os
import pty
import re
import time

pid, master = pty.fork()
if pid == 0:
    os.environ.update(PS1="", TERM="dumb")
    os.execv("/bin/bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])


def read_until(mark):
    text = ""
    while not re.search(mark, text):
        text += os.read(master, 4096).decode()
    return text


def say(line, mark):
    os.write(master, line.encode() + b"\n")
    return read_until(mark)


say("stty -echo; echo rea''dy", "ready\r\n")
say("seq 100 | while read n; do sleep 0.01; echo $n; done | tail -n 1 >background & echo sta''rted", "started\r\n")
for step in range(12):
    os.write(master, b"seq 1000 | while read n; do sleep 0.02; done | cat\n")  # in the foreground
    time.sleep(0.15)
    os.write(master, b"\x1a")  # ^Z
    read_until("Stopped")
    jobs = say("jobs | grep -c Stopped; echo fi''ne", "fine\r\n")
    print(step, "stopped jobs:", re.search(r"^(\d+)\r$", jobs, re.M).group(1), flush=True)
    os.write(master, b"fg\n")
    time.sleep(0.1)
    os.write(master, b"\x03")  # ^C
    print(step, say("echo status $?; echo nex''t", "next\r\n").count("status 130"), flush=True)
say("wait; echo all''done", "alldone\r\n")
print(open("background").read().strip())
os.write(master, b"exit\n")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
