// SPDX-License-Identifier: GPL-2.0
/*
 * --external TYPE[ID] or TYPE[ID]:VALUE: what belongs to somebody outside of the tree. At dump such an
 * object is only named in the images; at restore the name leads to its replacement: by --external again
 * for mounts and links, by --inherit-fd (inherited.h) for files, terminals, sockets and namespaces.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "support/error.h"
#include "support/options.h"

/* main, at start: every --external is well formed, and of a type that this command knows. */
struct error *external_check(const struct options *options, uint32_t command) must_check;
/* Was KEY ("tty[8801:19]") given? The value behind it is "" when there was none. Any process, cheap. */
bool external_find(const struct options *options, const char *key, const char **ret_value);
/* Was anything of this type ("file") given? Saves the work of making a key. */
bool external_any(const struct options *options, const char *type);
