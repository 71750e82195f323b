// SPDX-License-Identifier: GPL-2.0
/* device: --evasive-devices: another path to a device whose own is gone. */
#pragma once

#include <sys/stat.h>

#include "model/run.h"

/* main, dump: a device file that is not at its path any more: a node of /dev for the same device becomes entry->name.
 * False without the option, for what is no device, and where there is none. */
bool device_find_other(struct dump *dump, RegFileEntry *entry, const struct stat *stat);
/* main, plan: the path of a device is gone; is there one of that name in /dev? */
bool device_has_other(struct restore *restore, const RegFileEntry *entry);
/* opener: opens that; -1 and errno ENOENT where there is none. */
int device_open_other(struct restore *restore, const RegFileEntry *entry, int flags);
