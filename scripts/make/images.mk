# SPDX-License-Identifier: GPL-2.0
# Fuzzing with libFuzzer (clang): every test/fuzz/NAME.c is a target. It starts from the seeds
# that a line "// seeds: FOLDERS" in its source names.
#
#   make fuzz                          builds them, in build/fuzz
#   make fuzz-short FUZZ_SECONDS=20    runs them all, so long together
#   make fuzz-run FUZZ=NAME            runs one until it is interrupted or finds something

FUZZ_SECONDS ?= 20
FUZZ_CC      ?= clang
FUZZ_SOURCES := $(wildcard test/fuzz/*.c)
FUZZERS      := $(FUZZ_SOURCES:test/fuzz/%.c=build/fuzz/test/fuzz/%)

.PHONY: fuzz fuzz-short fuzz-run fuzz-programs

$(O)/test/fuzz/%: $(O)/test/fuzz/%.o $(LIBRARY)
	$(CC) $(CFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

fuzz-programs: $(FUZZERS)

fuzz:
	+$(MAKE) --no-print-directory BUILD=fuzz CC=$(FUZZ_CC) fuzz-programs

fuzz-short: fuzz
	scripts/fuzz $(FUZZ_SECONDS) $(FUZZERS)

fuzz-run: fuzz
	scripts/fuzz 0 build/fuzz/test/fuzz/$(FUZZ)
