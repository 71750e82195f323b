// SPDX-License-Identifier: GPL-2.0
/* Memory files (memfd_create(2)): descriptors and mappings of them. For files/ and the opener. */
#pragma once

#include "files/plan.h"

/* Is this the link text of a memory file? */
bool memfd_is_link(const char *link);
/* main, tree frozen: a mapping's file; fd is any descriptor of it, O_PATH too. *ret_id: a file id. */
struct error *memfd_register(struct dump *dump, int fd, const struct stat *stat, const char *link, uint32_t flags,
			     uint32_t *ret_id) must_check;
/* main: memfd.img. */
struct error *memfd_write(struct dump *dump) must_check;
/* opener: another opening of a memory file for mappings. */
struct error *memfd_open(struct restore *restore, struct planned_file *file, int flags, int *ret_fd) must_check;
