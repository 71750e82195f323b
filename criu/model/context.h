// SPDX-License-Identifier: GPL-2.0
/* The context of a run, made by main.c and handed down; constant afterwards. */
#pragma once

struct options;		/* support/options.h */
struct kernel;		/* kernel/features.h */
struct image_directory; /* image/directory.h */
struct hooks;		/* hooks/hooks.h */

struct criu {
	const struct options *options;
	const struct kernel *kernel;
	struct image_directory *images;
	struct hooks *hooks;
};
