# SPDX-License-Identifier: GPL-2.0
"""A Java program: threads, the JIT compiler, the garbage collector, timers."""

import os
import shutil
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/Work.java")
COMMAND = ["java", "-Xmx200m", "-cp", ".", "Work"]
RESULTS = ["output"]


def skip():
    return None if shutil.which("javac") else "there is no Java compiler"


def prepare(directory):
    subprocess.run(["javac", "-d", directory, SOURCE], check=True)
