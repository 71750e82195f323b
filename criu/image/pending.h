// SPDX-License-Identifier: GPL-2.0
/* Images that wait for the commit. For image/ only. */
#pragma once

#include <pthread.h>

#include "image/directory.h"

enum { PART_NAME_MAX = IMAGE_NAME_MAX + 8 };

struct pending_name {
	char name[IMAGE_NAME_MAX];
	enum image_id id;
	bool empty;   /* no file was made: an older one goes */
	bool service; /* in the work directory */
	bool hashed;  /* size and hash are known */
	uint64_t size, hash;
	const struct image_block *blocks; /* instead of the hash */
	size_t block_count;
};

struct image_pending {
	pthread_mutex_t lock;
	struct pending_name *names;
	size_t count, capacity;
};

/* NAME.part */
void part_name(const char *name, char part[PART_NAME_MAX]);

/* ---- commit.c ---- */

/* Gives one image its name, or deletes the older one where it is empty. */
struct error *commit_name(struct image_directory *directory, const struct pending_name *entry) must_check;
