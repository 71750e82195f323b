# SPDX-License-Identifier: GPL-2.0
"""Connections that are not accepted yet at the first look: the dump waits for a moment without them."""

SERVER = """
import socket, time
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0passing-%s" % __import__("os").getpid())
listener.listen(5)
tcp = socket.create_server(("127.0.0.1", 0))
clients = [socket.socket(socket.AF_UNIX), socket.create_connection(tcp.getsockname())]
clients[0].connect(listener.getsockname())
for client in clients: client.sendall(b"early")
print("waiting", flush=True)
time.sleep(0.15)
for place in (listener, tcp):
    connection, address = place.accept()
    print(connection.recv(5).decode(), flush=True)
    connection.close()
for client in clients: client.close()
i = 0
while True:
    time.sleep(0.01); i += 1; print(i, flush=True)
"""


def test(scenario):
    pid = scenario.start(["python3", "-c", SERVER])
    output = lambda: open(scenario.path("output")).read().split()
    scenario.wait_for(lambda: output() == ["waiting"], "the server has clients")
    answer = scenario.dump(pid, "--tcp-established")
    scenario.check("Trying again: " in answer.log and "accept" in answer.log, f"it did not wait: {answer}")
    scenario.check(output()[:3] == ["waiting", "early", "early"], f"before the dump: {output()}")
    scenario.restore("--tcp-established")
    count = len(output())
    scenario.wait_for(lambda: len(output()) > count + 3, "the server goes on")
    scenario.check(output()[3:] == [str(i) for i in range(1, len(output()) - 2)], f"{output()}")
