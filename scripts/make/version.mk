# SPDX-License-Identifier: GPL-2.0
# What the version of a build from this repository is called; empty for a build from an archive,
# also when that lies inside somebody else's repository.

GEN_H += $(O)/gen/git_id.h

.PHONY: git-id
$(O)/gen/git_id.h: git-id
	@mkdir -p $(@D)
	@id=; [ "$$(git rev-parse --show-toplevel 2>/dev/null)" != "$$(pwd -P)" ] || id=$$(git describe --always 2>/dev/null); \
	echo "#define CRIU_GIT_ID \"$$id\"" > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
