# SPDX-License-Identifier: GPL-2.0
"""PostgreSQL with its shared memory and workers on a unix socket: a transaction that stays open, a lock that is waited
for, a query with parallel workers."""

import glob
import os
import pwd
import shutil
import subprocess

COMMAND = ["/bin/bash", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/postgresql.sh")]
RESULTS = ["output"]
OPTIONS = ("--link-remap", "--file-locks")


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    return os.path.dirname(found[-1]) if found else None


def skip():
    return None if programs() and shutil.which("psql") else "there is no PostgreSQL here"


ENVIRONMENT = {"PGBIN": programs() or ""}


def prepare(directory):
    user = pwd.getpwnam("postgres")
    os.chmod(directory, 0o755)
    data = os.path.join(directory, "data")
    os.makedirs(data, 0o700)
    os.chown(data, user.pw_uid, user.pw_gid)
    subprocess.run(["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", programs() + "/initdb", "-D", data,
                    "-A", "trust", "-N"], check=True, stdout=subprocess.DEVNULL, cwd=data)
