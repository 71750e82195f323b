# SPDX-License-Identifier: GPL-2.0
# Tests. Every test/unit/**/*.c is a program of its own, linked with all of criu but main.o; it
# passes when it exits with 0. Every C file of the other test folders is a system test, linked
# with test/harness only, and run by test/run. A test may say "// link: FLAGS" in its source, and
# "// compiler: FLAGS" (-m32); where the compiler cannot do that, the test says that it is skipped.
# Another test program joins "make unit" with a line of its own: unit: my-target

SYSTEM_FOLDERS  := $(filter-out test/unit test/fuzz test/harness test/apps test/bench test/compel test/soak,$(patsubst %/,%,$(wildcard test/*/)))
SYSTEM_SOURCES  := $(if $(SYSTEM_FOLDERS),$(shell find $(SYSTEM_FOLDERS) -name '*.c'))
SYSTEM_PROGRAMS := $(SYSTEM_SOURCES:test/%.c=build/test/programs/%)
UNIT_SOURCES    := $(shell find test/unit -name '*.c' 2>/dev/null)
UNIT_PROGRAMS   := $(UNIT_SOURCES:%.c=$(O)/%)
HARNESS         := $(wildcard test/harness/*.c test/harness/*.h)
TEST_CFLAGS     := -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-format-zero-length -Itest/harness -pthread

.PHONY: system-programs unit-programs apps test test-vm $(UNIT_PROGRAMS:%=run-%)

build/test/programs/%: test/%.c $(HARNESS)
	@mkdir -p $(@D)
	@flags="$$(sed -n 's|^// compiler: ||p' $<)"; source="$<"; \
	if [ -n "$$flags" ] && ! printf '#include <stdlib.h>\nint main(void) { exit(0); }\n' | $(CC) $$flags -x c -o /dev/null - 2>/dev/null; then \
		printf '#include "test.h"\nint main(void) { skip("the compiler cannot do %s"); }\n' "$$flags" >$@.c; source=$@.c; flags=; fi; \
	$(CC) $(TEST_CFLAGS) $$flags -o $@ $$source $(filter %.c,$(HARNESS)) $$(sed -n 's|^// link: ||p' $<)

$(O)/test/unit/%: $(O)/test/unit/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDLIBS)

$(UNIT_PROGRAMS:%=run-%): run-%: %
	$<

system-programs: $(SYSTEM_PROGRAMS)
unit-programs: $(UNIT_PROGRAMS)
unit: $(UNIT_PROGRAMS:%=run-%)
	@echo "unit: $(words $(UNIT_PROGRAMS)) programs passed"

build/test/bench/load: test/bench/load.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -pthread -o $@ $<

bench: all
	test/bench/run

# Under other kernels, in virtual machines: minutes, and by hand.
test-vm: all system-programs
	scripts/install-deps --vm
	test/vm/run

layers:
	scripts/check-layers

lint: layers

test check:
	scripts/test

-include $(UNIT_PROGRAMS:%=%.d)
