// SPDX-License-Identifier: GPL-2.0
/*
 * The two directories of a run: images and work files. Images that are written get a
 * temporary name (NAME.part) and their own at image_directory_commit(), inventory.img
 * last, so that an interrupted dump never leaves a set that looks complete and an older
 * set is untouched until then. No symbolic link in either directory is followed, but for the one
 * to the parent. Main only; writers may be used from several threads.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "images/catalogue.h"
#include "support/error.h"

enum { IMAGE_NAME_MAX = 64 }; /* room for any image's name */

struct image_directory {
	int fd, work_fd; /* O_CLOEXEC; work_fd is fd where no work directory was named */
	char *path;	 /* of the images, as given: for messages */
	bool for_writing;
	bool discard; /* images go nowhere: criu inspect */
	bool no_sync;	     /* nobody waits for the disk */
	bool sync_later;     /* the commit leaves it to image_directory_sync() to have everything on the disk */
	bool shared;	     /* another process (page server) may write images here, too */
	struct image_pending *pending; /* names waiting for the commit */
	struct image_checksums *checksums; /* of the set that is read; NULL where it has none */
};

/* What a block of page data is: a worker's chunk. */
struct image_block {
	uint32_t pages; /* at most 64; 0: to be passed over */
	uint64_t hash;	/* XXH3 with 64 bits */
};

/* Opens both directories; work_path NULL: the images directory. for_writing makes that of the images
 * (mode 0700) if it is missing and checks that files can be made there; else the checksums are read.
 * The caller owns *ret and ends it with image_directory_close(). */
struct error *image_directory_open(const char *path, const char *work_path, bool for_writing,
				   struct image_directory **ret) must_check;
/* The previous dump's images through the link "parent" inside; *ret is NULL where there is none. */
struct error *image_directory_open_parent(struct image_directory *directory, struct image_directory **ret) must_check;
/* Makes the link "parent" (text as given, relative to the images); one that is there stays. */
struct error *image_directory_set_parent(struct image_directory *directory, const char *text) must_check;

/* For a dump: nobody else writes images here until the directory is closed. */
struct error *image_directory_lock(struct image_directory *directory) must_check;

/* All images get their names; those that turned out empty are deleted with their older
 * versions. Where the inventory is among them it is a set: it gets checksums, and what an earlier
 * set had and this one lacks is deleted. Everything is on the disk before the first name is changed,
 * unless sync_later. May be called again after more was written. */
struct error *image_directory_commit(struct image_directory *directory) must_check;
/* After a commit with sync_later: has what was committed, and the names, on the disk. */
struct error *image_directory_sync(struct image_directory *directory) must_check;
/* Deletes what was written and not committed. */
void image_directory_abandon(struct image_directory *directory);
/* Abandons, closes, frees. NULL is fine. */
void image_directory_close(struct image_directory *directory);

/* Images decide what runs as which user: warns where others can change them. */
void image_directory_warn(const struct image_directory *directory);
/* Why a directory without inventory is none to restore from. Never NULL. */
struct error *image_directory_incomplete(struct image_directory *directory) must_check;

/* Takes and returns the error of a write: a hint about the room on the disk, where that was it. NULL passes. */
struct error *image_explain_write(const struct image_directory *directory, struct error *error) must_check;

/* The file name of an image, e.g. "core-42.img". */
void image_name(enum image_id id, uint64_t key, char name[IMAGE_NAME_MAX]);
/* Which image has that file name; IMAGE_NONE: no image. */
enum image_id image_find_name(const char *name);

/* Any thread: the checksums of a pages image that waits for the commit, in the order of the file. They stay the
 * caller's and there until the commit. */
void image_set_blocks(struct image_directory *directory, uint64_t pages_id, const struct image_block *blocks,
		      size_t count);

/* A file as it is, without head and entries (pages, archives, output of tools). flags:
 * O_RDONLY or O_RDWR opens an existing one, a missing one gives *ret_fd -1; O_WRONLY |
 * O_CREAT or O_RDWR | O_CREAT makes a new one that waits for the commit. The caller closes
 * *ret_fd before the commit or after it, as it likes. */
struct error *image_open_raw(struct image_directory *directory, enum image_id id, uint64_t key, int flags,
			     int *ret_fd) must_check;

/* For record.c. Creates the temporary file of an image; the image waits for the commit. */
struct error *image_directory_create(struct image_directory *directory, enum image_id id, uint64_t key, int flags,
				     int *ret_fd) must_check;
/* For record.c. Opens an image to read; *ret_fd is -1 where it is missing. */
struct error *image_directory_find(struct image_directory *directory, enum image_id id, uint64_t key, int flags,
				   int *ret_fd) must_check;
/* For record.c. What the image is that waits for the commit. */
void image_directory_set_hash(struct image_directory *directory, enum image_id id, uint64_t key, uint64_t size,
			      uint64_t hash);
/* For record.c. Nothing was written to the image: an older file of that name goes at the commit. */
struct error *image_directory_forget(struct image_directory *directory, enum image_id id, uint64_t key) must_check;
/* For record.c. The temporary file of an image that is written halfway is deleted. */
void image_directory_drop(struct image_directory *directory, enum image_id id, uint64_t key);
/* For record.c. Gives a single image its name at once (service images). */
struct error *image_directory_commit_one(struct image_directory *directory, enum image_id id, uint64_t key) must_check;
