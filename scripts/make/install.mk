# SPDX-License-Identifier: GPL-2.0
# Installation and documentation.
#
#   make install PREFIX=/usr DESTDIR=/tmp/package
#   make uninstall
#   make docs          the generated parts of the manual page, from the lists
#   make check-docs    fails when they are not up to date

SBINDIR       ?= $(PREFIX)/sbin
BINDIR        ?= $(PREFIX)/bin
MANDIR        ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

INSTALLED := $(SBINDIR)/criu $(BINDIR)/crit $(MANDIR)/man8/criu.8 $(MANDIR)/man1/crit.1 \
	$(COMPLETIONDIR)/criu $(COMPLETIONDIR)/crit

.PHONY: uninstall check-docs

$(O)/completion/criu: scripts/gen-docs scripts/completion/criu.in criu/support/option_list.h criu/cli/command_list.h criu/kernel/features.h
	@mkdir -p $(@D)
	CC='$(CC)' scripts/gen-docs completion > $@.new && mv $@.new $@

install: all $(O)/completion/criu
	install -d $(addprefix $(DESTDIR),$(SBINDIR) $(BINDIR) $(MANDIR)/man8 $(MANDIR)/man1 $(COMPLETIONDIR))
	install -m 755 $(O)/bin/criu $(DESTDIR)$(SBINDIR)/criu
	ln -srf $(DESTDIR)$(SBINDIR)/criu $(DESTDIR)$(BINDIR)/crit
	install -m 644 Documentation/criu.8 $(DESTDIR)$(MANDIR)/man8/criu.8
	install -m 644 Documentation/crit.1 $(DESTDIR)$(MANDIR)/man1/crit.1
	install -m 644 $(O)/completion/criu $(DESTDIR)$(COMPLETIONDIR)/criu
	ln -sf criu $(DESTDIR)$(COMPLETIONDIR)/crit

uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))

docs:
	CC='$(CC)' scripts/gen-docs man

check-docs:
	CC='$(CC)' scripts/gen-docs man --check

lint: check-docs
