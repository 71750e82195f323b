# SPDX-License-Identifier: GPL-2.0
"""Rings that cannot be saved: each is told with what stands in the way, by criu inspect, which names all of them."""

import json
import os

# A ring for each line of EXPECTED, in its order.
PROGRAM = """
import ctypes, mmap, os, struct, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def call(*arguments):
    result = libc.syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def setup(flags=0):
    parameters = ctypes.create_string_buffer(struct.pack("3I", 0, 0, flags), 120)
    fd = call(425, 4, parameters)
    return fd, struct.unpack_from("10I", parameters, 40) + struct.unpack_from("10I", parameters, 80)

def register(operation, argument, count, flags=0):
    fd, _ = setup(flags)
    call(427, fd, operation, argument, count)
    return fd

libc.mmap.restype = ctypes.c_void_p
def memory(fd, offset):
    return (ctypes.c_char * 4096).from_address(libc.mmap(None, ctypes.c_size_t(4096), 3, 1, fd, ctypes.c_long(offset)))

kept, tails = [], {}
def submit(*requests):
    fd, offsets = setup()
    ring, entries = memory(fd, 0), memory(fd, 0x10000000)
    for number, request in enumerate(requests):
        ctypes.memmove(ctypes.addressof(entries) + 64 * number, request, len(request))
        struct.pack_into("I", ring, offsets[6] + 4 * number, number)
    struct.pack_into("I", ring, offsets[1], len(requests))
    call(426, fd, len(requests), 0, 0, None, 0)
    tails[fd] = ring, offsets[1]
    return fd

def address(data):
    kept.append(data)
    return ctypes.addressof(data)

buffer = ctypes.create_string_buffer(4096)
ends = os.pipe()
never = ctypes.create_string_buffer(struct.pack("2q", 3600, 0))
submit(struct.pack("BBHiQQI", 11, 0, 0, -1, 0, address(never), 1))                      # a timeout
submit(struct.pack("BBHiQQIIQ", 6, 0, 0, ends[0], 0, 0, 0, 1, 7))                       # a poll
submit(struct.pack("BBHiQQII", 22, 0, 0, ends[0], 0, address(buffer), 4096, 0),         # a read
       struct.pack("BBHiQQIIQ", 0, 2, 0, -1, 0, 0, 0, 0, 8))                            # and one that waits for it
full = submit(*[bytes(64)] * 4)                                                           # nobody takes what comes
ring, tail = tails[full]
for turn in (2, 3):
    struct.pack_into("I", ring, tail, 4 * turn)
    call(426, full, 4, 0, 0, None, 0)
gone = libc.mmap(None, ctypes.c_size_t(4096), 3, 0x22, -1, ctypes.c_long(0))
register(0, ctypes.create_string_buffer(struct.pack("QQ", gone, 4096)), 1)
libc.munmap(ctypes.c_void_p(gone), ctypes.c_size_t(4096))
file = os.open("/dev/null", os.O_RDONLY)
register(2, ctypes.create_string_buffer(struct.pack("i", file)), 1)
os.close(file)
event = call(290, 0, 0)
register(4, ctypes.create_string_buffer(struct.pack("i", event)), 1)
os.close(event)
register(9, None, 0)
register(11, ctypes.create_string_buffer(struct.pack("HBB12x", 1, 0, 0)), 1, 1 << 6)
register(19, ctypes.create_string_buffer(struct.pack("2I", 1, 1)), 2)
register(29, ctypes.create_string_buffer(struct.pack("4I", 7, 0, 0, 0)), 0)
page = mmap.mmap(-1, 4096)
register(22, ctypes.create_string_buffer(struct.pack("QIHH24x", ctypes.addressof(ctypes.c_char.from_buffer(page)), 8, 1, 0)), 1)
setup(1 << 0)
setup(1 << 1)
threads = [threading.Thread(target=lambda: (setup(1 << 12), time.sleep(1000)), daemon=True),
           threading.Thread(target=lambda: setup(1 << 12), daemon=True)]
threads[0].start()
threads[1].start()
threads[1].join()
closed, _ = setup()
memory(closed, 0)
os.close(closed)
open("ready", "w").write("x")
time.sleep(1000)
"""

EXPECTED = ("requests in flight (1)", "requests in flight (1)", "requests in flight (2)", "did not fit", "registered buffers are not", "the file in its slot 0",
            "its eventfd is not open", "registered personalities", "restrictions", "limits of its worker threads",
            "another clock", "groups of provided buffers", "IORING_SETUP_IOPOLL", "IORING_SETUP_SQPOLL",
            "not the first of its process", "a thread that has ended", "memory of an io_uring that no process")


def test(scenario):
    pid = scenario.start(["python3", "-c", PROGRAM])
    scenario.wait_for(lambda: os.path.exists(scenario.path("ready")), "it is ready")
    output = scenario.path("inspect.out")
    with open(output, "wb") as out:
        status = scenario.reaper.run([scenario.program, "inspect", "--json", str(pid)], 60, stdout=out, cwd=scenario.directory)
    scenario.check(status == 1, f"it was to end with 1, not {status}")
    told = json.load(open(output))["obstacles"]
    rest = list(EXPECTED)
    for one in told:
        match = next((text for text in rest if text in one["message"]), None)
        scenario.check(match is not None, f"not expected: {one}")
        scenario.check(one.get("hint"), f"no advice: {one}")
        if match:
            rest.remove(match)
    scenario.check(not rest, f"not told: {rest}; told was {told}")
    answer = scenario.criu("dump", "-t", pid, status=1)
    scenario.check("in flight" in answer.said, f"the dump says something else: {answer}")
