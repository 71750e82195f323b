# SPDX-License-Identifier: GPL-2.0
"""A Python program with threads and a subprocess."""

import os
import sys

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/threads.py")
COMMAND = ["/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable, PROGRAM]
RESULTS = ["output"]


def prepare(directory):
    pass
