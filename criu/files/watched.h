// SPDX-License-Identifier: GPL-2.0
/*
 * What inotify and fanotify watch: an inode that the kernel names by device, number and file handle. A dump
 * looks for its path, since a handle means nothing on another file system. Events are not disturbed: files are
 * opened with O_PATH only, and directories read only where a search is needed.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

struct watched {
	uint64_t inode;
	uint32_t device; /* of the file system, in the kernel's own encoding */
	FhEntry *handle;
	const char *what; /* for messages: "inotify watch 3" */
};

/* main, tree frozen: a line of fdinfo from "ino:" on. handle is new, its path not known yet. */
struct error *watched_parse(struct dump *dump, const char *text, struct watched *out) must_check;
/* main, tree frozen and all files collected: the paths of all, by their handles, else by search. What only a
 * handle reaches gets no path. Refuses what cannot be found at all. */
struct error *watched_find_paths(struct dump *dump, struct watched *all, size_t count) must_check;

/* main, tree frozen: the point where a mount is (of criu's own namespace). NULL in *path: it is not there. */
struct error *watched_mount_path(struct dump *dump, int mount_id, const char **path) must_check;
/* The same for some mount of a file system. */
struct error *watched_device_path(struct dump *dump, uint32_t device, const char **path) must_check;

/* main, plan: can it be found? Deleted files that were saved will be there. */
struct error *watched_plan(struct restore *restore, const struct watched *watched) must_check;
/* main, the tree's files are made: an O_PATH descriptor. */
struct error *watched_open(struct restore *restore, const struct watched *watched, int *ret_fd) must_check;
