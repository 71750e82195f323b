# SPDX-License-Identifier: GPL-2.0
"""Images are private, and no symbolic link in the directories leads criu elsewhere: modes of files and of a directory that
is made, links in the place of images, of the log, of the pid file, and on the way to them; logs hold no memory contents."""

import os
import re

SECRET = "correct horse battery staple"


def mode(path):
    return os.lstat(path).st_mode & 0o777


def test(scenario):
    os.umask(0)
    victim = scenario.path("victim")
    elsewhere = scenario.path("elsewhere")
    os.makedirs(elsewhere)
    with open(victim, "w") as file:
        file.write("precious")

    def untouched(what):
        with open(victim) as file:
            scenario.check(file.read() == "precious", f"{what}: a file elsewhere was written to")
        scenario.check(not os.listdir(elsewhere), f"{what}: files were made elsewhere: {os.listdir(elsewhere)}")

    pid = scenario.counter()

    # A directory that is made is nobody else's, one that was there keeps its mode; files are private in both.
    scenario.criu("dump", "-R", "-t", pid, images="made", log=scenario.path("log"))
    scenario.check(mode(scenario.path("made")) == 0o700, f"the directory has mode {mode(scenario.path('made')):o}")
    os.chmod(scenario.path("images"), 0o755)
    scenario.criu("dump", "-R", "-t", pid)
    scenario.check(mode(scenario.path("images")) == 0o755, "the mode of an existing directory was changed")
    for directory in ("made", "images"):
        for name in os.listdir(scenario.path(directory)):
            scenario.check(mode(scenario.path(directory, name)) == 0o600, f"{name} has mode {mode(scenario.path(directory, name)):o}")

    # Links in the place of what a dump writes: they are replaced, not followed.
    for name in ("inventory.img", "pages-1.img", "core-%d.img" % pid, "files.img.part", "pages-1.img.part", "stats-dump"):
        place = scenario.path("images", name)
        if os.path.lexists(place):
            os.unlink(place)
        os.symlink(victim, place)
    scenario.criu("dump", "-R", "-t", pid)
    untouched("links in the place of images")
    scenario.check(not any(os.path.islink(scenario.path("images", name)) for name in os.listdir(scenario.path("images"))),
                   "links are left in the place of images")

    # The log: a link, and a link on the way.
    os.symlink(victim, scenario.path("images/my.log"))
    answer = scenario.criu("dump", "-R", "-t", pid, log="my.log", status=1)
    scenario.says(answer, "my.log", "symbolic link")
    os.symlink(elsewhere, scenario.path("images/logs"))
    answer = scenario.criu("dump", "-R", "-t", pid, log="logs/my.log", status=1)
    scenario.says(answer, "logs/my.log", "symbolic link")
    os.unlink(scenario.path("images/my.log"))
    untouched("links in the place of the log")
    scenario.counts()

    # Images that are links are not read.
    scenario.dump(pid)
    os.rename(scenario.path("images/fs-%d.img" % pid), scenario.path("moved"))
    os.symlink(scenario.path("moved"), scenario.path("images/fs-%d.img" % pid))
    answer = scenario.restore(status=1)
    scenario.check("fs-%d.img" % pid in answer.said, f"a linked image: {answer}")
    os.unlink(scenario.path("images/fs-%d.img" % pid))
    os.rename(scenario.path("moved"), scenario.path("images/fs-%d.img" % pid))

    # The pid file.
    os.symlink(victim, scenario.path("images/root.pid"))
    answer = scenario.restore("--pidfile", "root.pid", status=1)
    scenario.check("root.pid" in answer.said, f"a linked pid file: {answer}")
    answer = scenario.restore("--pidfile", "logs/root.pid", status=1)
    scenario.check("root.pid" in answer.said, f"a pid file behind a link: {answer}")
    untouched("links in the place of the pid file")

    # Directories that others can write to are warned of.
    os.chmod(scenario.path("images"), 0o777)
    answer = scenario.restore()
    scenario.check("everybody can write to" in answer.log, f"no warning of open images: {answer.log}")
    os.chmod(scenario.path("images"), 0o755)
    scenario.counts()
    scenario.end(pid)

    # What a program has in memory, its arguments, environment, pipes and files is in the images and in no log.
    pid = scenario.start(["bash", "-c", f"x='{SECRET}'; echo \"$x\" > secret-file; exec 3< secret-file; rm secret-file; "
                                        f"(echo \"$x\"; sleep 1000) | (sleep 1000) & while :; do sleep 0.02; done"])
    scenario.wait_for(lambda: os.path.exists("/proc/%d/fd/3" % pid), "the program has its secret")
    scenario.dump(pid, images="secret")
    scenario.restore(images="secret")
    held = 0
    for name in os.listdir(scenario.path("secret")):
        with open(scenario.path("secret", name), "rb") as file:
            if SECRET.encode() in file.read():
                held += 1
                scenario.check(not re.search(r"\.log|stats", name), f"{name} tells the secret")
    scenario.check(held >= 2, "the secret is not even in the images: the test proves nothing")
