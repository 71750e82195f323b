// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums of a set of images (checksums.img, our own): size and XXH3 of every file of the set,
 * of page data block by block. They are made while the images are written, and looked at when
 * an image is opened, so that a damaged file is named before anything of it is believed. Page
 * data is checked by whoever wants it checked. A set without checksums (CRIU 4.2) is accepted.
 * Main, and any process that inherited the directory.
 */
#pragma once

#include "image/directory.h"

struct image_checksums; /* of a directory that is read */

/* Writes checksums.img for all that waits in the directory; it waits with the others. What was
 * written past the image writers is read back for it. */
struct error *checksums_write(struct image_directory *directory) must_check;

/* Reads checksums.img; *ret is NULL where there is none. The caller frees it with checksums_free(). */
struct error *checksums_read(struct image_directory *directory, struct image_checksums **ret) must_check;
void checksums_free(struct image_checksums *checksums);

/* For directory.c: a file of the set was opened. Its content is checked the first time, unless
 * it is page data. Files that are not named are accepted. */
struct error *checksums_check(struct image_directory *directory, const char *name, int fd, uint64_t size) must_check;
/* For directory.c: a file of the set is not there. */
struct error *checksums_check_missing(struct image_directory *directory, const char *name) must_check;

/* Is every file there, with its size? Nothing to do without checksums. */
struct error *checksums_check_sizes(struct image_directory *directory) must_check;
/* Do they name page data? */
bool checksums_of_pages(const struct image_directory *directory);
/* All page data that the checksums name, through a buffer: about 0.1 s for 1 GiB in the page
 * cache. Nothing to do without checksums. */
struct error *checksums_check_pages(struct image_directory *directory) must_check;

/* The blocks of a file of page data that whoever brings the pages checks on the way, while they are in the cache. */
struct checksums_blocks {
	size_t count;
	uint64_t *starts; /* count + 1 offsets in the file, ascending */
	const uint64_t *hashes;
	uint8_t *right; /* in shared memory: the block was found to be what was written */
};

/* Leaves the check of this file's blocks to others, newborns say. NULL: it has no checksums, or so few bytes that it does not pay. */
struct checksums_blocks *checksums_leave(struct image_directory *directory, const char *name);
/* Looks at a block of the file, which is mapped at `file`. Makes no system call; any process. */
void checksums_look_at(const struct checksums_blocks *blocks, size_t index, const char *file);
/* checksums_check_pages() in two parts: what was not left to others, and what they did not find right. */
struct error *checksums_check_others(struct image_directory *directory) must_check;
struct error *checksums_check_left(struct image_directory *directory) must_check;

/* Looks at every file of the set, and calls found() with an error, which it owns, for each that
 * is damaged. The number of files; 0 without checksums. */
size_t checksums_check_all(struct image_directory *directory, void (*found)(void *, struct error *),
			   void *argument);
/* Is the file named in the list? false without one. */
bool checksums_name(const struct image_checksums *checksums, const char *name);
