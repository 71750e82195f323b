# SPDX-License-Identifier: GPL-2.0
"""A D-Bus daemon with a service and clients: names are owned, calls are answered, signals are heard in order."""

import os
import shutil

COMMAND = ["/bin/bash", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/dbus.sh")]
RESULTS = ["output"]


def skip():
    missing = [name for name in ("dbus-daemon", "dbus-send", "dbus-monitor") if not shutil.which(name)]
    return f"there is no {missing[0]} here" if missing else None


def prepare(directory):
    pass
