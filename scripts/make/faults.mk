# SPDX-License-Identifier: GPL-2.0
# The long forms of tests that are sampled otherwise. As root.

.PHONY: faults kills

# Every fault point of a dump and of a restore, over five trees.
faults: all
	FAULTS=0 test/run -j 1 faults/sweep

# 200 kills of dump and 200 of restore for each of five trees.
kills: all
	KILLS=1000 test/run -j 1 faults/kill
