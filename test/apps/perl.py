# SPDX-License-Identifier: GPL-2.0
"""A Perl program with a child, a pipe and an alarm."""

import os

COMMAND = ["/usr/bin/perl", os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs/records.pl")]
RESULTS = ["output"]


def prepare(directory):
    pass
