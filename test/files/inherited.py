# SPDX-License-Identifier: GPL-2.0
"""--inherit-fd: descriptors of the caller in place of pipes, files and memory files of the images."""

import os

from processes import read_text

# Writes a number per line to descriptor 5, and what it reads from descriptor 6 to descriptor 7.
PROGRAM = """
use Fcntl; $| = 1;
open my $out, '>&=', 5; open my $in, '<&=', 6; open my $file, '>&=', 7;
$out->autoflush(1); $file->autoflush(1); $in->blocking(0);
while (1) { print $out ++$i, qq(\\n); while (defined(my $line = <$in>)) { print $file $line } select undef, undef, undef, 0.01 }
"""


def pipe():
    ends = os.pipe()
    for end in ends:
        os.set_inheritable(end, True)
    return ends


def key(pid, number):
    return os.readlink(f"/proc/{pid}/fd/{number}")


def start(scenario):
    """A program between two pipes whose other ends are ours, at fixed numbers."""
    out, into = pipe(), pipe()
    file = os.open(scenario.path("file"), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    for old, new in ((out[1], 105), (into[0], 106), (file, 107)):
        os.dup2(old, new)
        os.close(old)
    pid = scenario.start(["bash", "-c", "exec perl -e \"$0\" 5>&105 6<&106 7>&107 105>&- 106<&- 107>&-", PROGRAM],
                         pass_fds=(105, 106, 107), close_fds=True)
    for number in (105, 106, 107):
        os.close(number)
    return pid, out[0], into[1]


def read_line(scenario, fd):
    text = b""
    while not text.endswith(b"\n"):
        text += os.read(fd, 1)
    return text.decode().strip()


def refusals(scenario):
    for value, text in (("fd[9999]:pipe:[1]", "is not open"), ("pipe:[1]", "invalid value"), ("fd[0]", "invalid value"),
                        ("fd[x]:a", "invalid value"), ("fd[-1]:a", "invalid value"), ("fd[1]:", "invalid value")):
        scenario.says(scenario.criu("restore", "--inherit-fd", value, status=1), text)
    answer = scenario.criu("dump", "-t", "1", "--inherit-fd", "fd[0]:a", status=1)
    scenario.check("cannot be used with dump" in answer.said + answer.log, str(answer))


def test(scenario):
    refusals(scenario)
    pid, out, into = start(scenario)
    scenario.check(read_line(scenario, out) == "1", "the first number")
    names = [key(pid, number) for number in (5, 6)]
    os.write(into, b"before\n")
    scenario.wait_for(lambda: read_text(scenario.path("file")) == "before\n", "it copies")
    scenario.dump(pid)
    os.close(out)
    os.close(into)

    new_out, new_into, debug = pipe(), pipe(), pipe()
    other = os.open(scenario.path("other"), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    os.set_inheritable(other, True)
    path = scenario.path("file").lstrip("/")
    answer = scenario.restore("--inherit-fd", f"fd[{new_out[1]}]:{names[0]}", "--inherit-fd", f"fd[{new_into[0]}]:{names[1]}",
                              "--inherit-fd", f"fd[{other}]:{path}", "--inherit-fd", f"debug[{debug[1]}]:hello",
                              "--inherit-fd", f"fd[{other}]:pipe:[1]",
                              pass_fds=(new_out[1], new_into[0], other, debug[1]))
    scenario.check("nothing in the images has this name" in answer.log, f"an unused one is not told: {answer}")
    scenario.check(os.read(debug[0], 16) == b"hello", "debug[]")
    for fd in (new_out[1], new_into[0], *debug):
        os.close(fd)
    first = int(read_line(scenario, new_out[0]))
    scenario.check(first > 1, f"it began anew: {first}")
    os.write(new_into[1], b"after\n")
    scenario.wait_for(lambda: read_text(scenario.path("other")) == "after\n", "it copies into the other file")
    scenario.check(read_text(scenario.path("file")) == "before\n", "the old file is not touched")
    for number, end in ((5, new_out[0]), (6, new_into[1])):
        scenario.check(key(pid, number) == os.readlink(f"/proc/self/fd/{end}"), f"descriptor {number} is another pipe")
    scenario.end(pid)
    os.set_blocking(new_out[0], True)
    while os.read(new_out[0], 65536):
        pass  # nobody else holds the writing end: this ends
