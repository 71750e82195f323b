# SPDX-License-Identifier: GPL-2.0
"""Images whose vdso is another build's: the program goes on through jumps, also after a second and a third restore. The images are
changed to have such a vdso; test/vm/reboot.py does it with real kernels."""

import json
import os
import re
import subprocess

BUILD_ID = b"GNU\0"
PROGRAM = "build/test/programs/vm/programs/vdso"
MARK = b"criuvds"


def vdso_at(pid):
    """Addresses of [vdso] and of what is marked as such."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        own, marked = 0, []
        for line in maps:
            match = re.match(r"([0-9a-f]+)-\S+ r-xp \S+ \S+ 0\s*(\S*)", line)
            if not match:
                continue
            address = int(match[1], 16)
            if match[2] == "[vdso]":
                own = address
            elif not match[2]:
                memory.seek(address + 9)
                marked += [address] if memory.read(7) == MARK else []
    return own, marked


def offset_in_pages(scenario, pid, address):
    """The pages file of a process, and the place of an address in it."""
    shown = subprocess.run([os.path.join(os.path.dirname(scenario.program), "crit"), "show", scenario.path("images", f"pagemap-{pid}.img")],
                           capture_output=True, text=True, check=True).stdout
    head, *entries = json.loads(shown)["entries"]
    offset = 0
    for entry in entries:
        start, pages = int(str(entry["vaddr"]), 0), entry.get("nr_pages", entry.get("compat_nr_pages"))
        if start <= address < start + pages * 4096:
            return scenario.path("images", f"pages-{head['pages_id']}.img"), offset + address - start
        offset += pages * 4096
    raise AssertionError(f"no page at {address:#x}")


def change_build(scenario, pid, address):
    """Another build id than it had; done twice, it is the old one again."""
    name, offset = offset_in_pages(scenario, pid, address)
    with open(name, "r+b") as file:
        file.seek(offset)
        vdso = file.read(8192)
        place = vdso.index(BUILD_ID) + 4
        file.seek(offset + place)
        file.write(bytes([vdso[place] ^ 1]))


def checked(scenario, pid, before):
    """It has gone round many times more, and found nothing wrong."""
    scenario.wait_for(lambda: scenario_rounds(scenario) > before + 3 or scenario.state(pid) in (None, "Z"), "the program goes on")
    scenario.check(scenario.state(pid) not in (None, "Z"), "the program has ended: " + open(scenario.path("output")).read())


def scenario_rounds(scenario):
    with open(scenario.path("rounds"), "rb") as file:
        return len(file.read())


def test(scenario):
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(scenario.program)))))
    pid = scenario.start([os.path.join(top, PROGRAM)])
    scenario.wait_for(lambda: os.path.exists(scenario.path("middle")), "the program is in the middle")
    first, _ = vdso_at(pid)

    def move(*addresses):
        rounds = scenario_rounds(scenario)
        scenario.dump(pid)
        for address in addresses:
            change_build(scenario, pid, address)
            if os.path.exists(scenario.path("images/checksums.img")):
                os.unlink(scenario.path("images/checksums.img"))
        scenario.restore()
        checked(scenario, pid, rounds)
        return vdso_at(pid)

    scenario.check(move() == (first, []), "on its own kernel the vdso is where it was")
    second, marked = move(first)
    scenario.check(marked == [first] and second != first, f"the old vdso is redirected to a new one: {second:#x}, {marked}")
    scenario.check(move() == (second, [first]), "on this kernel again nothing is to be changed")
    third, marked = move(second)
    scenario.check(sorted(marked) == sorted([first, second]), f"both are redirected to a third one: {marked}")
    # The first build is this kernel's again.
    back, marked = move(first, third)
    scenario.check(back == first and sorted(marked) == sorted([second, third]), f"it takes its place again: {back:#x}, {marked}")
    open(scenario.path("hurry"), "w").close()
    scenario.wait_for(lambda: scenario.state(pid) in (None, "Z"), "the program ends")
    scenario.check(open(scenario.path("output")).read() == "right\n", "the program found: " + open(scenario.path("output")).read())
