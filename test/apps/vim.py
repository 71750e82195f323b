# SPDX-License-Identifier: GPL-2.0
"""Vim in a pseudo terminal, into which text and commands are typed; what it has unsaved survives."""

import os
import shutil

COMMAND = ["/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/vim.py")]
RESULTS = ["output", "text"]
TERMINALS = True


def skip():
    return None if shutil.which("vim") else "there is no vim here"


def prepare(directory):
    pass
