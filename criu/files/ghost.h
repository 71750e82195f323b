// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "files/plan.h"

/* main, dump: a file without a name: its contents go into a ghost image, once. *ret_id is the image's. fd is any
 * descriptor of it, O_PATH ones too. Refuses files above --ghost-limit, which counts what they take on disk. */
struct error *ghost_dump(struct dump *dump, const RegFileEntry *entry, int fd, const struct stat *stat,
			 uint32_t *ret_id) must_check;
/* main, the tree may run again: the images of small files. */
struct error *ghost_write(struct dump *dump) must_check;
/* main, before any fork: the head of the image of ghost->id, checked. */
struct error *ghost_read(struct restore *restore, struct planned_ghost *ghost) must_check;
/* opener: makes a deleted file under the name it had, if that is free, else under its temporary name. */
struct error *ghost_create(struct restore *restore, struct planned_ghost *ghost) must_check;
/* opener: keeps a deleted file at hand, see ghosts_keep(). */
struct error *ghost_open(struct planned_ghost *ghost) must_check;
/* opener: takes that name away; one that was not made is fine. */
void ghost_remove(struct planned_ghost *ghost);
