# SPDX-License-Identifier: GPL-2.0
# Blobs: compiled freestanding, linked into one piece, checked and turned into a C array by
# compel-link, and linked into the program like any other source. Also the table of system
# call names, and the tests of compel, which need root: make check-compel

HOSTCC ?= $(CC)

BLOB_COMMON   := compel/runner/entry.S compel/runner/runner.c compel/runner/special.c
BLOB_agent    := $(BLOB_COMMON) compel/runner/agent.c
BLOB_way_back := compel/runner/way_back.S
BLOB_restorer := $(BLOB_COMMON) $(wildcard criu/blob/*.c criu/blob/special/*.c)

GEN_H += $(O)/gen/system_call_names.h

# System call numbers without any libc header in reach of a blob.
$(O)/gen/blob-include/asm/unistd.h:
	@mkdir -p $(@D)
	echo '#include <asm/unistd.h>' | $(CC) -E -dM - | grep '__NR_[a-z]' | sort > $@

$(O)/gen/system_call_names.h: $(O)/gen/blob-include/asm/unistd.h
	sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/SYSTEM_CALL(\1, \2)/p' $< > $@

$(O)/blob/%.o: %.c $(O)/gen/blob-include/asm/unistd.h
	@mkdir -p $(@D)
	$(CC) $(BLOB_CFLAGS) -mgeneral-regs-only -I$(O)/gen/blob-include -MMD -MP -c -o $@ $<

$(O)/blob/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(BLOB_CFLAGS) -MMD -MP -c -o $@ $<

define blob_rules
$(O)/blob/$(1).elf: $(patsubst %,$(O)/blob/%.o,$(basename $(BLOB_$(1)))) compel/runner/blob.lds
	$(CC) -nostdlib -pie -Wl,--no-dynamic-linker,--build-id=none,-z,noexecstack,-z,defs,-T,compel/runner/blob.lds \
		-o $$@ $$(filter %.o,$$^)
-include $(patsubst %,$(O)/blob/%.d,$(basename $(BLOB_$(1))))
endef
$(foreach blob,$(BLOBS),$(eval $(call blob_rules,$(blob))))

$(O)/compel/compel-link: compel/link/link.c
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu11 -O1 $(WARNINGS) -o $@ $<

$(O)/gen/blob/compel_%.c: $(O)/blob/%.elf $(O)/compel/compel-link
	@mkdir -p $(@D)
	$(O)/compel/compel-link $< compel_$* > $@.new && mv $@.new $@

COMPEL_TESTS    := $(wildcard test/compel/*.c)
COMPEL_PROGRAMS := $(COMPEL_TESTS:%.c=$(O)/%) $(O)/test/bench/compel

$(filter-out $(COMPEL_PROGRAMS:=.o),$(COMPEL_PROGRAMS)): %: %.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDLIBS) -lm

.PHONY: compel-programs check-compel
compel-programs: $(COMPEL_PROGRAMS)
check-compel: compel-programs
	@status=0; for test in $(COMPEL_TESTS:%.c=$(O)/%); do echo "# $$test"; $$test || status=1; done; exit $$status

-include $(COMPEL_PROGRAMS:=.d)

# Needs no 32-bit libc; where the compiler cannot do it, the test says that it is skipped.
$(O)/test/compel/ia32: | $(O)/test/compel/ia32-target
$(O)/test/compel/ia32-target: test/compel/ia32/target.c
	@mkdir -p $(@D)
	-$(CC) -m32 -O1 -ffreestanding -nostdlib -static -fno-pic -fno-stack-protector -fcf-protection=none -o $@ $<
