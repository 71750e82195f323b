# SPDX-License-Identifier: GPL-2.0
"""--allow-uprobes: the probe is gone when the program comes back, and no breakpoint is left in its code."""

import os
import subprocess

PROGRAM = """
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
extern char __ehdr_start[];
__attribute__((noinline)) int probed(int x) { asm volatile(""); return x + 1; }
static void hit(int signo) { printf("%d\\n", probed(signo)); fflush(stdout); }
int main(void)
{
	signal(SIGUSR1, hit);
	printf("0x%lx\\n", (unsigned long)probed - (unsigned long)__ehdr_start);
	fflush(stdout);
	for (;;)
		pause();
}
"""


def test(scenario):
    tracing, group = scenario.path("tracing"), f"criu_scenario_{os.getpid()}"
    os.mkdir(tracing)
    subprocess.run(["mount", "-t", "tracefs", "none", tracing], check=True)

    def write(name, text):
        file = os.open(os.path.join(tracing, name), os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)

    def lines():
        return open(scenario.path("output")).read().split()

    try:
        program = scenario.path("program")
        subprocess.run(["cc", "-x", "c", "-", "-o", program], input=PROGRAM, text=True, check=True)
        pid = scenario.start([program])
        scenario.wait_for(lambda: len(lines()) == 1, "it begins")
        write("uprobe_events", f"p:{group}/probe {program}:{lines()[0]}\n")
        write(f"events/{group}/probe/enable", "1")
        os.kill(pid, 10)
        scenario.wait_for(lambda: len(lines()) == 2, "the probe is hit")
        scenario.says(scenario.criu("dump", "-t", pid, status=1), "uprobes", "--allow-uprobes")
        scenario.dump(pid, "--allow-uprobes")
        write(f"events/{group}/probe/enable", "0")
        write("uprobe_events", f"-:{group}/probe\n")
        scenario.restore("--allow-uprobes")
        os.kill(pid, 10)
        scenario.wait_for(lambda: len(lines()) == 3, "its code runs without the probe")
        scenario.end(pid)
    finally:
        for name, text in ((f"events/{group}/probe/enable", "0"), ("uprobe_events", f"-:{group}/probe\n")):
            try:
                write(name, text)
            except OSError:
                pass
        subprocess.run(["umount", "-l", tracing], check=True)
