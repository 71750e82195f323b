// SPDX-License-Identifier: GPL-2.0
/* Letting the threads of a whole tree go at once. Runs in main. */
#pragma once

#include "model/snapshot.h"

/* The first half of letting go: see compel_prepare_all(). */
struct error *prepare_threads(const struct snapshot *snapshot) must_check;
/* Lets every seized thread of the tree go. stops says which tasks stay stopped, or is NULL.
 * All are tried; the first error is returned. */
struct error *release_threads(const struct snapshot *snapshot, bool (*stops)(const struct task *, const void *),
			      const void *argument) must_check;
