// SPDX-License-Identifier: GPL-2.0
/* Files of mappings, one registration for each file and access. For the kinds of memory/. */
#pragma once

#include "memory/kind.h"

/* main, tree frozen: sets mapping->entry->shmid to the file's id. */
struct error *register_mapped_file(struct dump *dump, struct mapping *mapping) must_check;
