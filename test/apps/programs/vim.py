# SPDX-License-Identifier: GPL-2.0
# Types lines into vim, undoes some, and saves at the end only. The screen is read all the time and thrown away.
import os
import pty
import select
import time

pid, master = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execvp("vim", ["vim", "-u", "NONE", "-N", "-n", "text"])


def type_(text, seconds=0.02):
    os.write(master, text.encode())
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([master], [], [], left)[0]:
            os.read(master, 65536)


type_("", 1)
for number in range(1, 101):
    type_(f"oline {number} with words\x1b", 0.05)
    if number % 10 == 0:
        type_("othis one goes\x1b", 0.05)
        type_("u", 0.05)
type_("gg:%s/words/text/\r", 0.3)
type_(":3\ryyG5p", 0.3)
type_(":wq\r", 0)
try:
    while os.read(master, 65536):
        pass
except OSError:
    pass  # the terminal is gone with vim
print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
