// SPDX-License-Identifier: GPL-2.0
/*
 * Traces: files that a restore makes and that must not stay when it fails. They are noted in memory
 * that main, the opener and the guardian share, before they are made, so that whoever is left
 * can remove them, whenever and whoever of the others was killed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "model/run.h"
#include "support/error.h"

/* main, before the first fork. */
struct error *traces_make(struct restore *restore) must_check;
/* main or opener, right before a file is made: path is absolute. What is there already is not
 * noted: it is somebody else's. A directory is removed with all that is in it. */
struct error *trace_file(struct restore *restore, const char *path) must_check;
/* The same before a socket nobody listens to is replaced: afterwards there is one again. */
struct error *trace_replaced_socket(struct restore *restore, const char *path, const struct stat *stat) must_check;
/* Right after it was made: from here only this very file is removed, nothing else of its name. */
void trace_made(struct restore *restore, const char *path);
/* Whoever cleans up. argument: struct restore. What is gone already is passed over. */
void traces_remove(void *argument);
