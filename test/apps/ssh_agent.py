# SPDX-License-Identifier: GPL-2.0
"""ssh-agent in the foreground with a client that adds, lists, signs and removes keys through its socket all the time."""

import os
import shutil

COMMAND = ["/bin/bash", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/agent.sh")]
RESULTS = ["output"]


def skip():
    return None if shutil.which("ssh-agent") else "there is no ssh-agent here"


def prepare(directory):
    pass
