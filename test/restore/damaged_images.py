# SPDX-License-Identifier: GPL-2.0
"""Images that are missing, cut short, overwritten, or wrong in one bit: the restore fails and names the file, nothing
of the tree is left, and with the good images it still works. Without checksums, as CRIU 4.2 makes images, all is found
that can be."""

import os
import shutil


def damage(path, how):
    size = os.path.getsize(path)
    if how == "missing":
        os.unlink(path)
    elif how == "cut":
        os.truncate(path, size - 1 if size < 12 else size - 3)
    else:
        with open(path, "r+b") as file:
            if how == "zeroed":
                file.write(bytes(size))
            else:  # one bit, in the middle
                byte = os.pread(file.fileno(), 1, size // 2)
                os.pwrite(file.fileno(), bytes([byte[0] ^ 4]), size // 2)


def test(scenario):
    pid = scenario.start(["bash", "-c", "exec 3>>held; (while :; do sleep 0.02; done) | cat & while :; do sleep 0.02; done"])
    scenario.wait_for(lambda: os.path.exists(scenario.path("held")), "the tree is there")
    scenario.dump(pid)
    names = sorted(name for name in os.listdir(scenario.path("images")) if name.endswith(".img"))
    # What may be missing without harm: empty or explaining images (seccomp, time offsets...).
    needed = [name for name in names if name.split("-")[0].split(".")[0] in ("inventory", "pstree", "core", "mm", "files",
                                                                             "pagemap", "fs", "pages")]
    scenario.check(len(needed) >= 8 and "checksums.img" in names, f"only {names}")

    def fails(name, how, checksums):
        shutil.rmtree(scenario.path("damaged"), ignore_errors=True)
        shutil.copytree(scenario.path("images"), scenario.path("damaged"))
        if not checksums:
            os.unlink(scenario.path("damaged/checksums.img"))
        damage(scenario.path("damaged", name), how)
        answer = scenario.restore(images="damaged", status=1)
        what = f"{name} is {how}" + ("" if checksums else ", without checksums")
        said = answer.said + answer.log
        scenario.check(name in said or (not checksums and (name.split(".")[0] in said or "damaged" in said or "missing" in said)),
                       f"{what}, and the error does not name it: {answer}")
        scenario.wait_for(lambda: scenario.state(pid) is None, f"nothing is left of the tree ({what})")

    for name in names:
        for how in ("missing", "cut", "zeroed", "changed"):
            if name == "checksums.img" and how == "missing":
                continue  # as good as images of CRIU 4.2
            fails(name, how, True)
            if name in needed and how != "changed" and not (name.startswith("pages-") and how == "zeroed"):
                fails(name, how, False)
    scenario.restore()
    scenario.check(scenario.state(pid) in ("R", "S"), "the good images do not work any more")
