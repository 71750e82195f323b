// SPDX-License-Identifier: GPL-2.0
#include "files/device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "model/context.h"
#include "support/log.h"
#include "support/options.h"

static bool is_device(mode_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode);
}

bool device_find_other(struct dump *dump, RegFileEntry *entry, const struct stat *stat)
{
	const struct dirent *node;
	bool found = false;
	DIR *directory;

	if (!dump->criu->options->evasive_devices || !is_device(stat->st_mode))
		return false;
	directory = opendir("/dev");
	while (directory && !found && (node = readdir(directory))) {
		struct stat now;

		found = !fstatat(dirfd(directory), node->d_name, &now, AT_SYMLINK_NOFOLLOW) &&
			(now.st_mode & S_IFMT) == (stat->st_mode & S_IFMT) && now.st_rdev == stat->st_rdev;
		if (!found)
			continue;
		log_info("%s is gone, /dev/%s is the same device", entry->name, node->d_name);
		entry->name = arena_format(dump->arena, "/dev/%s", node->d_name);
		SET(entry, mode, now.st_mode);
	}
	if (directory)
		closedir(directory);
	return found;
}

static const char *other_path(struct restore *restore, const RegFileEntry *entry)
{
	const char *base = strrchr(entry->name, '/'), *path;
	struct stat now;

	if (!restore->criu->options->evasive_devices || !entry->has_mode || !is_device(entry->mode) || !base)
		return NULL;
	path = arena_format(restore->arena, "/dev%s", base);
	return !stat(path, &now) && (now.st_mode & S_IFMT) == (entry->mode & S_IFMT) ? path : NULL;
}

bool device_has_other(struct restore *restore, const RegFileEntry *entry)
{
	return other_path(restore, entry) != NULL;
}

int device_open_other(struct restore *restore, const RegFileEntry *entry, int flags)
{
	const char *path = other_path(restore, entry);

	if (path)
		return open(path, flags);
	errno = ENOENT;
	return -1;
}
