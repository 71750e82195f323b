# SPDX-License-Identifier: GPL-2.0
"""MariaDB over TCP with a transaction open and a lock waited for."""

import os

from served import Served, missing

CLIENT = """
import subprocess, time
def session():
    return subprocess.Popen(["mariadb", "-h", "10.77.0.1", "-P", "3399", "-u", "guest", "--skip-ssl", "-N", "-n", "-B", "test"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
def say(session, text):
    session.stdin.write(text + "\\n"); session.stdin.flush()
def hear(session):
    return session.stdout.readline().strip()
one, two, three = session(), session(), session()
say(one, "create table t (i int) engine=innodb; insert into t values (1); begin; update t set i = 2; select i from t;"); assert hear(one) == "2"
say(two, "update t set i = i + 10; select i from t;")
say(three, "select sleep(2), 'slept';")
time.sleep(0.3)
print("busy", flush=True)
assert hear(three) == "0\\tslept"
say(one, "select i from t;"); assert hear(one) == "2"
say(one, "commit;")
assert hear(two) == "12"
print("right", flush=True)
"""


def test(scenario):
    reason = missing("mariadbd", "mariadb", "mariadb-install-db")
    if reason:
        return reason
    data = scenario.path("data")
    os.makedirs(data)
    with open(scenario.path("init.sql"), "w") as out:
        out.write("create database if not exists test;\ncreate user guest@'%';\ngrant all on test.* to guest@'%';\n")
    common = ["--no-defaults", "--datadir=" + data, "--user=root"]
    status = scenario.reaper.run(["mariadb-install-db", *common, "--auth-root-authentication-method=normal"], 60,
                                 stdout=open(os.devnull, "wb"))
    scenario.check(status == 0, "mariadb-install-db failed")
    with Served(scenario) as served:
        served.start(["mariadbd", *common, "--bind-address=10.77.0.1", "--port=3399", "--socket=" + scenario.path("socket"),
                      "--innodb-use-native-aio=0", "--init-file=" + scenario.path("init.sql"), "--skip-name-resolve"], 3399)
        served.client(CLIENT)
        served.wait_until("busy")
        served.cycle("--file-locks", "--link-remap")
        served.clients_are_right()
        served.end()
    return None
