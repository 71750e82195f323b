// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "files/plan.h"

/* opener: makes a deleted file under its temporary name. */
struct error *ghost_create(struct restore *restore, struct planned_ghost *ghost) must_check;
/* opener: keeps a deleted file at hand, see ghosts_keep(). */
struct error *ghost_open(struct planned_ghost *ghost) must_check;
/* opener or main: takes the temporary name away; nothing there is fine. */
void ghost_remove(const struct planned_ghost *ghost);
