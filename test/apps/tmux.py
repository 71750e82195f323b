# SPDX-License-Identifier: GPL-2.0
"""A tmux server, detached, with two windows: in one bash counts with job control, in the other top runs; a script
types into the windows through the server and at the end takes the text of the first."""

import os
import shutil

COMMAND = ["/bin/bash", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/windows.sh")]
RESULTS = ["output"]
TERMINALS = True


def skip():
    return None if shutil.which("tmux") and shutil.which("top") else "there is no tmux or top here"


def prepare(directory):
    pass
