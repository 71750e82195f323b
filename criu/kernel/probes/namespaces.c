// SPDX-License-Identifier: GPL-2.0
/* Probes: namespaces, mounts, security modules. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kernel/proc/maps.h"
#include "kernel/probes/probe.h"
#include "support/cleanup.h"
#include "support/file.h"

enum { NEW_TIME = 0x80, NEW_CGROUP = 0x02000000, SET_GROUP = 0x100 };

/* In a private mount namespace this may be covered. */
#define PLACE "/tmp"

static struct error *nothing(void)
{
	return NULL;
}

struct error *probe_userns(void)
{
	return probe_in_namespaces(CLONE_NEWUSER, nothing);
}

struct error *probe_cgroupns(void)
{
	return probe_in_namespaces(NEW_CGROUP, nothing);
}

static struct error *set_offset(void)
{
	return write_file_at(AT_FDCWD, "/proc/self/timens_offsets", "monotonic 10 0", 14);
}

struct error *probe_timens(void)
{
	return probe_in_namespaces(NEW_TIME, set_offset);
}

/* ---- mounts ---- */

static struct error *cover(void)
{
	return mount("probe", PLACE, "tmpfs", 0, "size=1m") ? fail_errno("tmpfs") : NULL;
}

static struct error *mount_autofs(void)
{
	cleanup_free char *text = NULL;
	char options[128], *line;
	int ends[2];

	if (pipe2(ends, O_DIRECT | O_CLOEXEC))
		return fail_errno("no pipe");
	snprintf(options, sizeof(options), "fd=%d,pgrp=%d,minproto=5,maxproto=5,direct", ends[1], getpgrp());
	if (mount("probe", PLACE, "autofs", 0, options))
		return fail_errno("autofs");
	TRY(read_file_at(AT_FDCWD, "/proc/self/mountinfo", &text, NULL));
	line = strstr(text, " - autofs probe ");
	return line && strstr(line, "pipe_ino=") ? NULL : fail("mountinfo does not tell the pipe of autofs");
}

struct error *probe_autofs(void)
{
	return probe_in_namespaces(CLONE_NEWNS, mount_autofs);
}

static struct error *copy_group(void)
{
	TRY(cover());
	if (mkdir(PLACE "/a", 0700) || mkdir(PLACE "/b", 0700) || mount("probe", PLACE "/a", "tmpfs", 0, NULL) ||
	    mount(PLACE "/a", PLACE "/b", NULL, MS_BIND, NULL) || mount(NULL, PLACE "/a", NULL, MS_SHARED, NULL))
		return fail_errno("no mounts to try with");
	if (syscall(SYS_move_mount, AT_FDCWD, PLACE "/a", AT_FDCWD, PLACE "/b", SET_GROUP))
		return fail_errno("MOVE_MOUNT_SET_GROUP");
	return NULL;
}

struct error *probe_move_mount_set_group(void)
{
	return probe_in_namespaces(CLONE_NEWNS, copy_group);
}

static struct error *find_mapping(const void *address, struct mapping_line *found)
{
	struct mapping_line *lines;
	struct arena arena = { 0 };
	size_t count;

	TRY(own_maps_read(&arena, &lines, &count)); /* a child's memory: it ends soon */
	for (size_t i = 0; i < count; i++)
		if (lines[i].start == (uintptr_t)address) {
			*found = lines[i];
			return NULL;
		}
	return fail("a mapping is not in /proc/self/maps");
}

static struct error *map_from_overlay(void)
{
	cleanup_close int fd = -1;
	struct mapping_line line = { 0 };
	struct stat stat;
	void *page;

	TRY(cover());
	if (mkdir(PLACE "/lower", 0700) || mkdir(PLACE "/upper", 0700) || mkdir(PLACE "/work", 0700) ||
	    mkdir(PLACE "/all", 0700))
		return fail_errno("no directory to try with");
	if (mount("probe", PLACE "/all", "overlay", 0,
		  "lowerdir=" PLACE "/lower,upperdir=" PLACE "/upper,workdir=" PLACE "/work"))
		return fail_errno("overlay");
	fd = open(PLACE "/all/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 4096) || fstat(fd, &stat))
		return fail_errno("no file on overlay");
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return fail_errno("mmap");
	TRY(find_mapping(page, &line));
	if (makedev(line.major, line.minor) != stat.st_dev || line.inode != stat.st_ino)
		return fail("/proc/PID/maps tells the device below overlayfs");
	return NULL;
}

struct error *probe_overlayfs_maps(void)
{
	return probe_in_namespaces(CLONE_NEWNS, map_from_overlay);
}

/* ---- AppArmor ---- */

static bool says_yes(const char *path)
{
	cleanup_free char *text = NULL;
	struct error *error = read_file_at(AT_FDCWD, path, &text, NULL);

	error_free(error);
	return !error && (*text == 'Y' || !strncmp(text, "yes", 3));
}

bool kernel_has_apparmor(void)
{
	return says_yes("/sys/module/apparmor/parameters/enabled");
}

struct error *probe_apparmor_stacking(void)
{
	if (!kernel_has_apparmor())
		return fail("AppArmor is not in use here");
	return says_yes("/sys/kernel/security/apparmor/features/domain/stack") ? NULL : fail("AppArmor cannot stack");
}
