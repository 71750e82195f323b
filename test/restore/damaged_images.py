# SPDX-License-Identifier: GPL-2.0
"""Images that are missing, cut short or overwritten: the restore fails and says that it is the images, nothing
of the tree is left, and with the good images it still works."""

import os
import shutil


def test(scenario):
    pid = scenario.start(["bash", "-c", "exec 3>>held; (while :; do sleep 0.02; done) | cat & while :; do sleep 0.02; done"])
    scenario.wait_for(lambda: os.path.exists(scenario.path("held")), "the tree is there")
    scenario.dump(pid)
    names = sorted(name for name in os.listdir(scenario.path("images")) if name.endswith(".img"))
    # What may be missing without harm: empty or explaining images (statistics, seccomp, time offsets...).
    needed = [name for name in names if name.split("-")[0].split(".")[0] in ("inventory", "pstree", "core", "mm", "files",
                                                                             "pagemap", "fs", "pages")]
    scenario.check(len(needed) >= 8, f"only {names}")
    for name in needed:
        for damage in ("missing", "cut", "zeroed"):
            shutil.rmtree(scenario.path("damaged"), ignore_errors=True)
            shutil.copytree(scenario.path("images"), scenario.path("damaged"))
            path = scenario.path("damaged", name)
            size = os.path.getsize(path)
            if damage == "missing":
                os.unlink(path)
            elif damage == "cut":
                os.truncate(path, size - 1 if size < 12 else size - 3)
            elif name.startswith("pages-"):
                continue
            else:
                with open(path, "r+b") as file:
                    file.write(bytes(size))
            answer = scenario.restore(images="damaged", status=None)
            what = f"{name} is {damage}"
            scenario.check(answer.status == 1, f"{what}: {answer}")
            stem = name.split(".")[0]
            said = answer.said + answer.log
            scenario.check(stem in said or "damaged" in said or "missing" in said, f"{what}, and the error does not name it: {answer}")
            scenario.wait_for(lambda: scenario.state(pid) is None, f"nothing is left of the tree ({what})")
    scenario.restore()
    scenario.check(scenario.state(pid) in ("R", "S"), "the good images do not work any more")
