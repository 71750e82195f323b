# SPDX-License-Identifier: GPL-2.0
"""tar | bzip2 over 200 MB: a pipe that is full all the time, and two programs at its ends."""

import os
import random

# Owner and times are fixed, since the input is made anew for each run.
COMMAND = ["/bin/sh", "-c", "tar --sort=name --owner=0 --group=0 --mtime=@0 -cf - data | bzip2 -1 > data.tar.bz2; cksum data.tar.bz2"]
RESULTS = ["output", "data.tar.bz2"]
FILES, BLOCKS = 20, 160  # of 64 KiB


def prepare(directory):
    """Text-like data: blocks of a few hundred words each, in an order of its own per file."""
    os.mkdir(os.path.join(directory, "data"))
    numbers = random.Random(4)
    words = [bytes(numbers.choices(b"etaoinshrdlu", k=numbers.randint(2, 9))) + b" " for _ in range(3000)]
    blocks = []
    for _ in range(64):
        text = b"".join(numbers.choices(words, k=12000))
        blocks.append(text[:65536])
    for number in range(FILES):
        with open(os.path.join(directory, "data", f"file{number:02d}"), "wb") as file:
            for _ in range(BLOCKS):
                file.write(numbers.choice(blocks))
