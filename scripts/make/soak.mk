# SPDX-License-Identifier: GPL-2.0
# The soak: random trees through many cycles, as root.
#
#   make soak CYCLES=200 TREES=30 SEED=1

CYCLES ?= 200
TREES  ?= 30
SEED   ?= 1

.PHONY: soak
soak: all
	test/soak/run --cycles $(CYCLES) --trees $(TREES) --seed $(SEED)
