// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of criu's own that newborns inherit and use (log, images, pages, sockets of
 * the handover) must not stand where a restored table has a descriptor.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, after files_read(): moves *fd to a number that no restored table uses, close-on-exec,
 * and closes the old one. The new number stays right in every newborn. */
struct error *keep_descriptor(struct restore *restore, int *fd) must_check;
/* One above the highest number of any restored table. */
int highest_descriptor(const struct snapshot *snapshot);
