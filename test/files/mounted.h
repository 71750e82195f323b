// SPDX-License-Identifier: GPL-2.0
/* The same state on different file systems: see tmpfs.c, overlayfs.c, btrfs.c. */
#pragma once

#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOUNTED "mounted"

/* The mount is the test's own, and goes with it. */
static inline void unmount(void)
{
	umount2(MOUNTED, MNT_DETACH);
}

__attribute__((unused)) static bool mount_here(const char *type, const char *source, const char *options)
{
	must(mkdir(MOUNTED, 0755));
	if (mount(source, MOUNTED, type, 0, options))
		return false;
	atexit(unmount);
	return true;
}

struct state {
	int file, deleted, directory, deleted_directory, sparse, locked, handle;
	char *mapped, *deleted_mapped;
};

static inline struct flock middle(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };
}

static inline int make_file(const char *name, const char *text)
{
	int fd = must(open(name, O_RDWR | O_CREAT | O_EXCL, 0640));

	must(write(fd, text, strlen(text)));
	return fd;
}

__attribute__((unused)) static void build_state(struct state *state)
{
	struct flock range = middle();

	state->file = make_file(MOUNTED "/file", "contents");
	must(lseek(state->file, 3, SEEK_SET));
	state->mapped = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, state->file, 0));
	state->deleted = make_file(MOUNTED "/deleted", "is no more");
	state->deleted_mapped = must(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, state->deleted, 0));
	must(unlink(MOUNTED "/deleted"));
	must(mkdir(MOUNTED "/directory", 0750));
	must(close(make_file(MOUNTED "/directory/inside", "")));
	state->directory = must(open(MOUNTED "/directory", O_RDONLY | O_DIRECTORY));
	must(mkdir(MOUNTED "/gone", 0710));
	state->deleted_directory = must(open(MOUNTED "/gone", O_RDONLY | O_DIRECTORY));
	must(rmdir(MOUNTED "/gone"));
	state->sparse = make_file(MOUNTED "/sparse", "");
	must(pwrite(state->sparse, "far", 3, 100 << 20));
	must(unlink(MOUNTED "/sparse"));
	state->locked = make_file(MOUNTED "/locked", "");
	must(flock(state->locked, LOCK_SH));
	must(fcntl(state->locked, F_SETLK, &range));
	state->handle = must(open(MOUNTED "/file", O_PATH));
}

__attribute__((unused)) static void check_state(const struct state *state)
{
	int status = -1, other;
	char text[32] = "";
	struct stat found;

	check_equal(read(state->file, text, 5), 5);
	check(memcmp(text, "tents", 5) == 0);
	state->mapped[0] = 'C';
	check_equal(pread(state->file, text, 1, 0), 1);
	check_equal(text[0], 'C');
	check_equal(pread(state->deleted, text, 32, 0), 10);
	check(memcmp(text, "is no more", 10) == 0);
	check(memcmp(state->deleted_mapped, "is no more", 10) == 0);
	check_equal(faccessat(state->directory, "inside", F_OK, 0), 0);
	must(fstat(state->deleted_directory, &found));
	check_equal(found.st_mode, S_IFDIR | 0710);
	check(openat(state->deleted_directory, "x", O_RDWR | O_CREAT, 0600) < 0);
	must(fstat(state->sparse, &found));
	check_equal(found.st_size, (100 << 20) + 3);
	check(found.st_blocks * 512 < 1 << 20);
	other = must(open(MOUNTED "/locked", O_RDONLY));
	check(flock(other, LOCK_EX | LOCK_NB) < 0, "the flock lock is gone");
	if (fork() == 0) {
		struct flock range = middle();

		_exit(fcntl(state->locked, F_GETLK, &range) == 0 && range.l_type == F_WRLCK && range.l_pid == getppid() ? 0 : 1);
	}
	must(wait(&status));
	check_equal(status, 0);
	must(fstat(state->file, &found));
	check_equal(found.st_nlink, 1);
	check(access(MOUNTED "/deleted", F_OK) < 0 && access(MOUNTED "/gone", F_OK) < 0);
}
