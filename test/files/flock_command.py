# SPDX-License-Identifier: GPL-2.0
"""What people lock with: flock(1) around a command, and SQLite in the middle of a transaction with a write-ahead log."""

import os
import sqlite3
import subprocess

from processes import read_text

WRITER = """
import signal, sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute('pragma journal_mode=wal')
base.execute('create table t (n)')
base.execute('insert into t values (1)')
base.execute('begin immediate')
base.execute('insert into t values (2)')
def commit(*_):
    base.execute('insert into t values (3)')
    base.execute('commit')
    print('done', base.execute('select sum(n) from t').fetchone()[0], flush=True)
signal.signal(signal.SIGUSR1, commit)
print('begun', flush=True)
while True: signal.pause()
"""


def command(scenario):
    lock = scenario.path("lock")
    pid = scenario.start(["flock", lock, "sh", "-c", "while [ ! -e end ]; do sleep 0.02; done"])
    scenario.wait_for(lambda: os.path.exists(lock) and subprocess.run(["flock", "-n", lock, "true"]).returncode == 1, "it is locked")
    scenario.says(scenario.criu("dump", "-t", pid, status=1), "flock lock", "--file-locks")
    scenario.dump(pid, "-l")
    scenario.check(subprocess.run(["flock", "-n", lock, "true"]).returncode == 0, "it is locked by nobody")
    scenario.restore("-l")
    scenario.check(subprocess.run(["flock", "-n", lock, "true"]).returncode == 1, "it is not locked again")
    open(scenario.path("end"), "w").close()
    scenario.wait_for(lambda: scenario.state(pid) is None, "it ends")
    scenario.check(subprocess.run(["flock", "-n", lock, "true"]).returncode == 0, "it is still locked")


def database(scenario):
    name = scenario.path("base")
    os.mkdir(scenario.path("sqlite"))
    pid = scenario.start(["python3", "-c", WRITER, name], "said")
    scenario.wait_for(lambda: "begun" in read_text(scenario.path("said")), "a transaction")
    scenario.dump(pid, "-l", images="sqlite")
    scenario.restore(images="sqlite")
    other = sqlite3.connect(name, timeout=0, isolation_level=None)
    try:
        other.execute("insert into t values (100)")
        scenario.check(False, "another one can write during the transaction")
    except sqlite3.OperationalError as error:
        scenario.check("locked" in str(error), str(error))
    scenario.check(other.execute("select sum(n) from t").fetchone()[0] == 1, "it sees what is not committed")
    os.kill(pid, 10)
    scenario.wait_for(lambda: "done 6" in read_text(scenario.path("said")), "it commits")
    scenario.check(other.execute("select sum(n) from t").fetchone()[0] == 6, "others see it")
    scenario.end(pid)


def test(scenario):
    command(scenario)
    database(scenario)
