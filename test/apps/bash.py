# SPDX-License-Identifier: GPL-2.0
"""A bash script with background jobs, pipes and traps."""

import os

COMMAND = ["/bin/bash", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/jobs.sh")]
RESULTS = ["output"]


def prepare(directory):
    pass
