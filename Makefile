# SPDX-License-Identifier: GPL-2.0
# The whole build: globs and pattern rules. A new file needs no change here.
#
#   make                    release build in build/release
#   make BUILD=debug        no optimisation, build/debug
#   make BUILD=sanitize     ASan and UBSan, build/sanitize
#   make CC=clang ...       another compiler
#   make install            PREFIX=/usr/local DESTDIR=

ARCH    := x86_64
BUILD   ?= release
O       := build/$(BUILD)
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 4.2

PACKAGES := libprotobuf-c libnl-3.0 libnl-route-3.0 libcap libbsd-overlay json-c libxxhash

WARNINGS := -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare
FLAGS_release  := -O2 -g
FLAGS_debug    := -O0 -g3
FLAGS_sanitize := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
FLAGS_fuzz     := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined
INCLUDES := -I. -Iinclude -Iinclude/arch/$(ARCH) -Icriu -Icriu/arch/$(ARCH) -I$(O)/gen
CFLAGS_ALL := -std=gnu11 -D_GNU_SOURCE -DCRIU_VERSION='"$(VERSION)"' -pthread $(WARNINGS) $(FLAGS_$(BUILD)) $(INCLUDES) \
	$(shell pkg-config --cflags $(PACKAGES)) $(CFLAGS) $(CPPFLAGS)
# Calls of these functions go through criu/support/fault.c.
WRAPPED := $(shell awk -F, '/^WRAPPED/ { gsub(/ /, "", $$5); print "-Wl,--wrap=" $$5 }' criu/support/fault_list.h) \
	-Wl,--wrap=asprintf -Wl,--wrap=syscall
LDLIBS := $(WRAPPED) $(shell pkg-config --libs $(PACKAGES)) -lnet -pthread -ldl $(LDFLAGS)

# Blobs: freestanding, position independent, no libc headers within reach.
BLOB_CFLAGS := -std=gnu11 -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) -Iinclude \
	-Iinclude/arch/$(ARCH) -I. -fpie -fno-plt -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-fno-builtin -fvisibility=hidden -O2 $(WARNINGS)

PROTOS  := $(wildcard images/*.proto)
GEN_C   := $(PROTOS:images/%.proto=$(O)/gen/images/%.pb-c.c)
GEN_H   := $(GEN_C:.c=.h) $(O)/gen/images/messages.h
# Plugins and the C library are built apart from the program.
SOURCES := $(filter-out criu/libcriu/% criu/plugins/% criu/blob/%,$(shell find criu -name '*.c' -not -path "criu/arch/x86_64/*")) \
	$(shell find criu/arch/$(ARCH) -name '*.c' 2>/dev/null) \
	$(wildcard compel/*.c compel/arch/$(ARCH)/*.c)
# What runs inside other processes, as C arrays: scripts/make/compel.mk.
BLOBS   := agent restorer way_back
OBJECTS := $(SOURCES:%.c=$(O)/%.o) $(GEN_C:.c=.o) $(BLOBS:%=$(O)/gen/blob/compel_%.o)
LIBRARY := $(filter-out $(O)/criu/main.o,$(OBJECTS))

all: $(O)/bin/criu $(O)/bin/crit

.SUFFIXES:
.SECONDARY:
.PHONY: all clean check unit test bench lint docs install fuzz layers format
include $(wildcard scripts/make/*.mk)

$(O)/bin/criu: $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -o $@.new $^ $(LDLIBS) && mv $@.new $@

$(O)/bin/crit: $(O)/bin/criu
	ln -sf criu $@

$(O)/gen/images/%.pb-c.c $(O)/gen/images/%.pb-c.h &: images/%.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=images --c_out=$(O)/gen/images $<

# One header with every message, so that a message may move between files.
$(O)/gen/images/messages.h: $(PROTOS)
	@mkdir -p $(@D)
	@{ echo '#pragma once'; for p in $(notdir $(PROTOS:.proto=)); do echo "#include \"images/$$p.pb-c.h\""; done; } > $@

$(O)/gen/%.o: $(O)/gen/%.c | $(GEN_H)
	$(CC) $(CFLAGS_ALL) -Wno-error -I$(O)/gen/images -c -o $@ $<

$(O)/%.o: %.c | $(GEN_H)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -I$(O)/gen/images -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

clean:
	rm -rf build
