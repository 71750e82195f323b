# SPDX-License-Identifier: GPL-2.0
"""Images of locks, deleted files and packets that cannot be right: refused by name, and nothing is left on disk."""

import json
import os
import shutil

from processes import read_text

PROGRAM = """
import fcntl, os, signal, sys
os.chdir(sys.argv[1])
locked = open('locked', 'w')
fcntl.lockf(locked, fcntl.LOCK_EX, 10, 5)
deleted = open('deleted', 'w+')
deleted.write('x' * 20000); deleted.flush()
os.unlink('deleted')
named = open('named', 'w')
os.link('named', 'other')
os.unlink('named')
reader, writer = os.pipe2(os.O_DIRECT)
os.write(writer, b'one')
os.write(writer, b'three')
child = os.fork()
if child == 0:
    while True: signal.pause()
dead = open(f'/proc/{child}/status')
os.kill(child, 9)
os.waitpid(child, 0)
print('ready', flush=True)
def check(*_):
    deleted.seek(0)
    print(len(deleted.read()), os.read(reader, 100), os.read(reader, 100), flush=True)
signal.signal(signal.SIGUSR1, check)
while True: signal.pause()
"""


def change(entry, **fields):
    entry.update(fields)


def test(scenario):
    os.mkdir(scenario.path("place"))
    pid = scenario.start(["python3", "-c", PROGRAM, scenario.path("place")])
    scenario.wait_for(lambda: "ready" in read_text(scenario.path("output")), "it begins")
    scenario.dump(pid, "--file-locks", "--link-remap")
    before = sorted(os.listdir(scenario.path("place")))

    def crit(*arguments):
        scenario.check(scenario.reaper.run([scenario.program, "crit", *arguments], 20) == 0, f"crit {arguments}")

    def fails(image, damage, *texts):
        shutil.rmtree(scenario.path("damaged"), ignore_errors=True)
        shutil.copytree(scenario.path("images"), scenario.path("damaged"))
        os.unlink(scenario.path("damaged/checksums.img"))
        crit("decode", "-i", scenario.path("damaged", image), "-o", scenario.path("text"))
        with open(scenario.path("text")) as file:
            content = json.load(file)
        damage(content["entries"])
        with open(scenario.path("text"), "w") as file:
            json.dump(content, file)
        crit("encode", "-i", scenario.path("text"), "-o", scenario.path("damaged", image))
        answer = scenario.restore(images="damaged", status=1)
        for text in texts:
            scenario.check(text in answer.said + answer.log, f"{image}: it does not say '{text}': {answer}")
        scenario.wait_for(lambda: scenario.state(pid) is None, f"nothing is left of the tree ({texts})")
        scenario.check(sorted(os.listdir(scenario.path("place"))) == before, f"{texts}: {os.listdir(scenario.path('place'))}")

    def of_type(entries, kind):
        return next(entry for entry in entries if entry.get("remap_type") == kind)

    fails("filelocks.img", lambda all: change(all[0], flag=16), "unknown kind")
    fails("filelocks.img", lambda all: change(all[0], type=9), "unknown type")
    fails("filelocks.img", lambda all: change(all[0], pid=999999), "there is no such process")
    fails("filelocks.img", lambda all: change(all[0], fd=999), "it is not open")
    fails("filelocks.img", lambda all: change(all[0], start=-1), "no such range")
    fails("filelocks.img", lambda all: change(all[0], flag=2, type=32 + 64), "mandatory")
    fails("remap-fpath.img", lambda all: change(of_type(all, "GHOST"), remap_id=77), "the deleted file", "is missing")
    fails("remap-fpath.img", lambda all: change(of_type(all, "LINKED"), remap_id=7777), "is not there")
    fails("remap-fpath.img", lambda all: change(of_type(all, "GHOST"), orig_id=7777), "deleted file 7777 is not there")
    fails("remap-fpath.img", lambda all: change(of_type(all, "PROCFS"), remap_id=pid), "is not of process")
    fails("ghost-file-1.img", lambda all: change(all[0], mode=0o170000), "has mode")
    fails("ghost-file-1.img", lambda all: change(all[0], size=100), "data behind its end")
    fails("pipes-data.img", lambda all: change(all[0], packets=[4, 5]), "packets of pipe")
    fails("pipes-data.img", lambda all: change(all[0], packets=[8, 0]), "packets of pipe")
    scenario.restore()
    os.kill(pid, 10)
    scenario.wait_for(lambda: "20000 b'one' b'three'" in read_text(scenario.path("output")), "the good images work")
    scenario.check(sorted(os.listdir(scenario.path("place"))) == ["locked", "other"], "something is left")
    scenario.end(pid)
