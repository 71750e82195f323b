# SPDX-License-Identifier: GPL-2.0
"""Threads that hash and hand work to each other, a lock, a condition, and a child process that answers over pipes."""

import hashlib
import queue
import random
import subprocess
import sys
import threading
import time

ROUNDS, THREADS = 70, 4
CHILD = """
import sys
for line in sys.stdin:
    number = int(line)
    print(number, sum(i * i % 97 for i in range(number % 4000)), flush=True)
"""


def worker(number, work, results):
    random_numbers = random.Random(number)
    while True:
        item = work.get()
        if item is None:
            return
        digest = hashlib.sha256()
        for _ in range(300):
            digest.update(bytes(random.Random(item).getrandbits(8) for _ in range(16)))
        time.sleep(0.01)
        random_numbers.random()
        with results[1]:
            results[0][item] = digest.hexdigest()
            results[1].notify()


def main():
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    work, results = queue.Queue(), ({}, threading.Condition())
    threads = [threading.Thread(target=worker, args=(n, work, results)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for turn in range(ROUNDS):
        items = range(turn * THREADS, (turn + 1) * THREADS)
        for item in items:
            work.put(item)
        with results[1]:
            results[1].wait_for(lambda: all(item in results[0] for item in items))
        child.stdin.write(f"{turn * 37}\n")
        child.stdin.flush()
        print(turn, child.stdout.readline().strip(), *(results[0][item][:16] for item in items), flush=True)
    for _ in threads:
        work.put(None)
    for thread in threads:
        thread.join()
    child.stdin.close()
    print("child ended with", child.wait(), "and", len(results[0]), "items are done")


main()
