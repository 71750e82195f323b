// SPDX-License-Identifier: GPL-2.0
/* Recognition: from what the kernel tells of a descriptor to its kind, by the rows' match data. */
#include <string.h>
#include <sys/sysmacros.h>

#include "files/collection.h"

static const struct file_kind *const kinds[] = {
#define FILE_KIND(name) &name##_kind,
#include "files/kinds.h"
#undef FILE_KIND
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

/* How many fields match; -1: one does not. */
static int score(const struct file_match *match, const struct stat *stat, const char *link, int family, int type,
		 int protocol)
{
	static const char anonymous[] = "anon_inode:";
	bool device = S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode);
	int matched = 0;

#define FIELD(wanted, condition)                                                                                       \
	do {                                                                                                           \
		if (wanted) {                                                                                          \
			if (!(condition))                                                                              \
				return -1;                                                                             \
			matched++;                                                                                     \
		}                                                                                                      \
	} while (0)
	FIELD(match->anon_inode, !strncmp(link, anonymous, sizeof(anonymous) - 1) &&
				     !strcmp(link + sizeof(anonymous) - 1, match->anon_inode));
	FIELD(match->socket_family, S_ISSOCK(stat->st_mode) && family == match->socket_family);
	FIELD(match->socket_type, type == match->socket_type);
	FIELD(match->socket_protocol, protocol == match->socket_protocol);
	FIELD(match->mode, (stat->st_mode & S_IFMT) == match->mode);
	FIELD(match->device_major, device && major(stat->st_rdev) == match->device_major);
	FIELD(match->device_minor_plus_1, device && minor(stat->st_rdev) + 1 == match->device_minor_plus_1);
	FIELD(match->link_prefix, !strncmp(link, match->link_prefix, strlen(match->link_prefix)));
	FIELD(match->bracketed, link[0] != '/' && strstr(link, ":["));
#undef FIELD
	return matched;
}

const struct file_kind *file_kind_recognise(const struct stat *stat, const char *link, int socket_family,
					    int socket_type, int socket_protocol)
{
	const struct file_kind *best = NULL;
	int best_score = 0;

	for (size_t i = 0; i < KIND_COUNT; i++) {
		int now = score(&kinds[i]->match, stat, link, socket_family, socket_type, socket_protocol);

		if (now > best_score) {
			best = kinds[i];
			best_score = now;
		}
	}
	return best;
}

const struct file_kind *file_kind_of_type(FdTypes type)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (kinds[i]->type == type && kinds[i]->create)
			return kinds[i];
	return NULL;
}
