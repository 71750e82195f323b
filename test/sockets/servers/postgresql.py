# SPDX-License-Identifier: GPL-2.0
"""PostgreSQL over TCP with a transaction open, a lock waited for, and a query that takes its time."""

import glob
import os
import pwd
import shutil

from served import Served

CLIENT = """
import subprocess, time
command = ["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", "10.77.0.1", "-p", "5499", "-U", "postgres", "postgres"]
while subprocess.run([*command, "-c", "select 1"], capture_output=True).returncode:
    time.sleep(0.1) # it is starting up
def session():
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
def say(session, text):
    session.stdin.write(text + "\\n"); session.stdin.flush()
def hear(session):
    return session.stdout.readline().strip()
one, two, three = session(), session(), session()
say(one, "create table t (i int); insert into t values (1); begin; update t set i = 2; select i from t;"); assert hear(one) == "2"
say(two, "update t set i = i + 10; select i from t;")
say(three, "select count(*) from generate_series(1, 3000) as x, pg_sleep(0.001);")
say(three, "select sum(i) from (select pg_sleep(0.001), i from generate_series(1, 3000) as i) as x;")
time.sleep(0.3)
print("busy", flush=True)
assert hear(three) == "3000"
assert hear(three) == "4501500"
say(one, "select i from t;"); assert hear(one) == "2"
say(one, "commit;")
assert hear(two) == "12"
say(one, "select i from t;"); assert hear(one) == "12"
print("right", flush=True)
"""


def test(scenario):
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if not found or not shutil.which("psql"):
        return "there is no PostgreSQL"
    programs = os.path.dirname(sorted(found)[-1])
    user = pwd.getpwnam("postgres")
    data = scenario.path("data")
    os.makedirs(data)
    os.chown(data, user.pw_uid, user.pw_gid)
    as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    place = {"cwd": data}
    status = scenario.reaper.run([*as_user, programs + "/initdb", "-D", data, "-A", "trust", "-N"], 60, **place, stdout=open(os.devnull, "wb"))
    scenario.check(status == 0, "initdb failed")
    with open(data + "/pg_hba.conf", "a") as out:
        out.write("host all all 10.77.0.0/24 trust\n")
    with Served(scenario) as served:
        served.start([*as_user, programs + "/postgres", "-D", data, "-c", "listen_addresses=10.77.0.1", "-c", "port=5499", "-c",
                      "unix_socket_directories=", "-c", "shared_memory_type=mmap", "-c", "dynamic_shared_memory_type=mmap", "-c", "huge_pages=off", "-c", "fsync=off", "-c", "shared_buffers=16MB",
                      "-c", "jit=off"], 5499, **place)
        served.client(CLIENT)
        served.wait_until("busy")
        served.cycle("--link-remap")
        served.clients_are_right()
        served.end()
    return None
