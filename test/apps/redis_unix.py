# SPDX-License-Identifier: GPL-2.0
"""Redis on a unix socket, with a client that waits in BLPOP nearly all the time and one that pushes."""

import os
import shutil

COMMAND = ["/bin/bash", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/redis.sh")]
RESULTS = ["output"]


def skip():
    return None if shutil.which("redis-server") else "there is no redis-server here"


def prepare(directory):
    pass
