# SPDX-License-Identifier: GPL-2.0
"""sshd with a live session: a shell in the middle of its work."""

import os

from served import Served, missing

CONFIGURATION = """
Port 2299
ListenAddress 10.77.0.1
HostKey {0}/host_key
AuthorizedKeysFile {0}/user_key.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PrintMotd no
PrintLastLog no
"""
SESSION = """
import subprocess, sys
ssh = subprocess.Popen(["ssh", "-T", "-F", "none", "-i", sys.argv[1], "-p", "2299", "-o", "StrictHostKeyChecking=no",
                        "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "root@10.77.0.1",
                        "exec env -i PATH=$PATH sh -c 'for i in $(seq 300); do echo line $i; sleep 0.01; done; read word; echo got $word'"],
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for number in range(1, 301):
    line = ssh.stdout.readline().strip()
    assert line == f"line {number}", line
    if number == 40: print("busy", flush=True)
ssh.stdin.write("hello\\n"); ssh.stdin.flush()
assert ssh.stdout.readline().strip() == "got hello"
assert ssh.wait() == 0
print("right", flush=True)
"""


def test(scenario):
    reason = missing("sshd", "ssh", "ssh-keygen")
    if reason:
        return reason
    os.makedirs("/run/sshd", exist_ok=True)
    for name in ("host_key", "user_key"):
        scenario.reaper.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", scenario.path(name)], 20)
    with open(scenario.path("sshd_config"), "w") as out:
        out.write(CONFIGURATION.format(scenario.path()))
    with Served(scenario) as served:
        served.start(["/usr/sbin/sshd", "-D", "-e", "-f", scenario.path("sshd_config")], 2299)
        served.client(["python3", "-c", SESSION, scenario.path("user_key")])
        served.wait_until("busy")
        served.cycle()
        served.clients_are_right()
        served.end()
    return None
