# SPDX-License-Identifier: GPL-2.0
"""A tree that forks, execs and ends processes without pause is frozen and restored, again and again."""

SCRIPT = """
worker() { n=0; while [ $n -lt 100000 ]; do n=$((n + 1)); /bin/true; [ "$(echo $n)" = $n ] || exit 1; echo $n >>worker.$1; done; }
worker 1 & worker 2 & worker 3 &
wait
"""


def lengths(scenario):
    found = []
    for number in "123":
        try:
            with open(scenario.path("worker." + number)) as file:
                lines = file.read().split()
        except OSError:
            lines = []
        scenario.check(lines == [str(i + 1) for i in range(len(lines))], f"worker {number} lost or doubled a line")
        found.append(len(lines))
    return found


def test(scenario):
    pid = scenario.start(["bash", "-c", SCRIPT])
    for _ in range(8):
        before = lengths(scenario)
        scenario.wait_for(lambda: all(now > then + 5 for now, then in zip(lengths(scenario), before)), "all workers go on")
        scenario.criu("dump", "-t", pid, "-R")
        before = lengths(scenario)
        scenario.wait_for(lambda: all(now > then + 5 for now, then in zip(lengths(scenario), before)), "all workers go on")
        scenario.dump(pid)
        scenario.restore()
