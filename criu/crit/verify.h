// SPDX-License-Identifier: GPL-2.0
/* `crit verify`: is a directory of images complete and undamaged? One process. */
#pragma once

#include <stdio.h>

#include "support/error.h"

/* Every file of the set is read. Each that is damaged or missing gets a line on the stream; the error says
 * how many there were. A set without checksums is decoded as far as that goes. */
struct error *verify(const char *path, FILE *stream) must_check;
