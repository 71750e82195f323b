# SPDX-License-Identifier: GPL-2.0
"""A Node.js program: workers, timers, the thread pool, promises."""

import os
import shutil

COMMAND = ["node", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/workers.js")]
RESULTS = ["output", "lines"]
# Some versions of libuv use io_uring for files, which no checkpoint can save; this keeps them from it.
ENVIRONMENT = {"UV_USE_IO_URING": "0"}


def skip():
    return None if shutil.which("node") else "there is no node"


def prepare(directory):
    pass
