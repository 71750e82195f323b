# SPDX-License-Identifier: GPL-2.0
"""An OpenMP program: four threads that meet at barriers thousands of times."""

import os
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/heat.c")
COMMAND = ["./heat"]
RESULTS = ["output"]
# Threads beyond the CPUs would spin away each other's time at every barrier.
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive"}


def prepare(directory):
    subprocess.run(["gcc", "-O2", "-fopenmp", "-o", os.path.join(directory, "heat"), SOURCE, "-lm"], check=True)
