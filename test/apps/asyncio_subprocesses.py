# SPDX-License-Identifier: GPL-2.0
"""A Python asyncio program that talks to several subprocesses through pipes, waits for their ends and for timers."""

import os

COMMAND = ["python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/asyncio_work.py")]
RESULTS = ["output"]


def prepare(directory):
    pass
