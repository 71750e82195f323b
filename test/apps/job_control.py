# SPDX-License-Identifier: GPL-2.0
"""An interactive bash in a pseudo terminal: a pipeline in the background, one stopped and brought to the foreground, all
typed by a program that holds the master."""

import os

COMMAND = ["/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/job_control.py")]
RESULTS = ["output"]
TERMINALS = True


def prepare(directory):
    pass
