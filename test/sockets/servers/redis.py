# SPDX-License-Identifier: GPL-2.0
"""Redis: a pipeline of requests, a blocked reader, a subscriber and a transaction."""

from served import Served, missing

CLIENT = """
import socket, threading, time
def connect():
    return socket.create_connection(("10.77.0.1", 6399)).makefile("rwb")
def ask(stream, *words):
    stream.write(b"*%d\\r\\n" % len(words) + b"".join(b"$%d\\r\\n%s\\r\\n" % (len(w), w) for w in words))
    stream.flush()
def answer(stream):
    line = stream.readline()[:-2]
    kind, rest = line[:1], line[1:]
    if kind == b"$": return None if rest == b"-1" else stream.read(int(rest) + 2)[:-2]
    if kind == b"*": return [answer(stream) for _ in range(int(rest))]
    return rest
counter, blocked, subscriber, transaction = (connect() for _ in range(4))
ask(subscriber, b"SUBSCRIBE", b"news"); answer(subscriber)
ask(transaction, b"MULTI"); assert answer(transaction) == b"OK"
ask(transaction, b"SET", b"key", b"value"); assert answer(transaction) == b"QUEUED"
ask(blocked, b"BLPOP", b"list", b"0")
sent = 0
def send():
    global sent
    for number in range(3000):
        ask(counter, b"INCR", b"counter"); sent += 1
        if number % 10 == 0: time.sleep(0.005)
        if number == 500: print("busy", flush=True)
threading.Thread(target=send).start()
for number in range(3000):
    got = answer(counter)
    assert got == b"%d" % (number + 1), got
ask(transaction, b"EXEC"); assert answer(transaction) == [b"OK"]
ask(counter, b"GET", b"key"); assert answer(counter) == b"value"
ask(counter, b"RPUSH", b"list", b"item"); answer(counter)
assert answer(blocked) == [b"list", b"item"]
ask(counter, b"PUBLISH", b"news", b"today"); assert answer(counter) == b"1"
assert answer(subscriber) == [b"message", b"news", b"today"]
print("right", flush=True)
"""


def test(scenario):
    reason = missing("redis-server")
    if reason:
        return reason
    with Served(scenario) as served:
        served.start(["redis-server", "--port", "6399", "--bind", "10.77.0.1", "--protected-mode", "no", "--save", "",
                      "--dir", scenario.path()], 6399)
        served.client(CLIENT)
        served.wait_until("busy")
        served.cycle()
        served.cycle()
        served.clients_are_right()
        served.end()
    return None
