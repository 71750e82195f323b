// SPDX-License-Identifier: GPL-2.0
/* Pages out of frozen tasks. For memory/; runs in main and its worker threads. */
#pragma once

#include "memory/kind.h"

/* main, tree frozen: remembers a shared object whose pages this mapping can reach; each is drained once. */
struct error *drain_shared_object(struct dump *dump, struct mapping *mapping) must_check;
