# SPDX-License-Identifier: GPL-2.0
# Fuzzing. With libFuzzer (clang) every test/fuzz/NAME.c is a target; it starts from the seeds that a line
# "// seeds: FOLDERS" in its source names. And changed images are restored for real, as root.
#
#   make fuzz                          everything, long: FUZZ_SECONDS for all targets together, 100,000 sets of images
#                                      through image_set, FUZZ_RESTORES restores
#   make fuzz-short FUZZ_SECONDS=20    runs all targets, so long together
#   make fuzz-run FUZZ=NAME            runs one until it is interrupted or finds something
#   make fuzz-programs                 builds the targets, in build/fuzz

FUZZ_SECONDS  ?= 1200
FUZZ_RUNS     ?= 100000
FUZZ_RESTORES ?= 2000
FUZZ_CC       ?= clang
FUZZ_SOURCES  := $(wildcard test/fuzz/*.c)
FUZZERS       := $(FUZZ_SOURCES:test/fuzz/%.c=build/fuzz/test/fuzz/%)

.PHONY: fuzz fuzz-short fuzz-run fuzz-programs fuzz-targets fuzz-tools fuzz-restore

$(O)/test/fuzz/lib/mutate-set: $(O)/test/fuzz/lib/mutate-set.o $(O)/test/fuzz/lib/mutate.o $(LIBRARY)
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDLIBS)

$(O)/test/fuzz/%: $(O)/test/fuzz/%.o $(O)/test/fuzz/lib/mutate.o $(LIBRARY)
	$(CC) $(CFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

fuzz-targets: $(FUZZERS)

fuzz-programs:
	+$(MAKE) --no-print-directory BUILD=fuzz CC=$(FUZZ_CC) fuzz-targets

fuzz-tools: $(O)/test/fuzz/lib/mutate-set

fuzz: fuzz-programs
	scripts/fuzz $(FUZZ_SECONDS) $(filter-out %/image_set,$(FUZZERS))
	FUZZ_RUNS=$(FUZZ_RUNS) scripts/fuzz 0 build/fuzz/test/fuzz/image_set
	+$(MAKE) --no-print-directory fuzz-restore

fuzz-restore:
	+$(MAKE) --no-print-directory -s BUILD=sanitize
	test/fuzz/restore-sets --count $(FUZZ_RESTORES) --criu $(CURDIR)/build/sanitize/bin/criu

fuzz-short: fuzz-programs
	scripts/fuzz $(FUZZ_SECONDS) $(FUZZERS)

fuzz-run: fuzz-programs
	scripts/fuzz 0 build/fuzz/test/fuzz/$(FUZZ)
