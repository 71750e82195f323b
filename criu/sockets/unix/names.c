// SPDX-License-Identifier: GPL-2.0
/*
 * names: of unix sockets. A name is what bind() was given; the file it made may be gone, moved or
 * replaced since then. Such a socket is bound inside a directory of our own that is the root
 * while it is bound, so that any name can be given again without touching what is there.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files/collection.h"
#include "model/traces.h"
#include "sockets/unix/unix.h"
#include "support/cleanup.h"
#include "support/file.h"

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE (SIOCPROTOPRIVATE + 0)
#endif

/* ---- dump ---- */

static bool is_node(const char *path, const struct stat *node)
{
	struct stat now;

	return !stat(path, &now) && now.st_dev == node->st_dev && now.st_ino == node->st_ino;
}

/* Does a path of the file end in the name? Then the rest is the directory it was bound in. */
static bool ends_in(const char *path, const char *name)
{
	size_t length = strlen(path), tail = strlen(name);

	return length > tail + 1 && path[length - tail - 1] == '/' && !strcmp(path + length - tail, name);
}

static bool find_directory(struct dump *dump, const struct open_fd *fd, const char *path, const struct stat *node,
			   UnixSkEntry *entry)
{
	const char *name = (const char *)entry->name.data;
	cleanup_free char *directory = NULL;

	if (!strncmp(name, "./", 2))
		name += 2;
	if (ends_in(path, name)) {
		entry->name_dir = arena_format(dump->arena, "%.*s", (int)(strlen(path) - strlen(name) - 1), path);
		return true;
	}
	error_free(read_link_at(fd->task->proc_fd, "cwd", &directory));
	if (!directory || !is_node(arena_format(dump->arena, "%s/%s", directory, name), node))
		return false;
	entry->name_dir = arena_string(dump->arena, directory);
	return true;
}

static struct error *dump_node(struct dump *dump, const struct open_fd *fd, UnixSkEntry *entry)
{
	cleanup_close int node = ioctl(fd->fd, SIOCUNIXFILE, NULL);
	cleanup_free char *path = NULL;
	struct stat stat;
	char link[32];

	if (node < 0) /* bound and its file never seen: cannot be */
		return fail_errno("could not open the file of the socket %s", entry->name.data);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", node);
	TRY(read_link_at(AT_FDCWD, link, &path));
	if (fstat(node, &stat))
		return fail_errno("could not examine %s", path);
	entry->file_perms = new_message(dump->arena, file_perms_entry);
	entry->file_perms->mode = stat.st_mode;
	entry->file_perms->uid = stat.st_uid;
	entry->file_perms->gid = stat.st_gid;
	if (entry->name.data[0] == '/' ? is_node((char *)entry->name.data, &stat)
				       : find_directory(dump, fd, path, &stat, entry))
		return NULL;
	SET(entry, deleted, true);
	if (stat.st_nlink && is_node(path, &stat))
		entry->moved_to = arena_string(dump->arena, path);
	return NULL;
}

struct error *unix_name_dump(struct dump *dump, const struct open_fd *fd, UnixSkEntry *entry)
{
	struct sockaddr_un address = { 0 };
	socklen_t length = sizeof(address);

	if (getsockname(fd->fd, (struct sockaddr *)&address, &length))
		return fail_errno("could not read the socket's name");
	if (length <= offsetof(struct sockaddr_un, sun_path))
		return NULL;
	entry->name.len = length - offsetof(struct sockaddr_un, sun_path);
	/* One more, so that it can be read as a text. */
	entry->name.data = arena_alloc(dump->arena, entry->name.len + 1);
	memcpy(entry->name.data, address.sun_path, entry->name.len);
	return unix_has_path(entry) ? dump_node(dump, fd, entry) : NULL;
}

/* ---- restore ---- */

static socklen_t fill_address(const UnixSkEntry *entry, struct sockaddr_un *address)
{
	size_t length = entry->name.len < sizeof(address->sun_path) ? entry->name.len : sizeof(address->sun_path);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, entry->name.data, length);
	/* With its final NUL: the kernel adds it anyway. */
	return offsetof(struct sockaddr_un, sun_path) + length;
}

bool unix_address_of(const UnixSkEntry *entry, int node, struct sockaddr_un *address, socklen_t *length)
{
	if (node < 0 && (!entry->name.len || unix_has_path(entry)))
		return false;
	if (node < 0) {
		*length = fill_address(entry, address);
		return true;
	}
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d", node);
	*length = sizeof(*address);
	return true;
}

static char *text_of(struct restore *restore, const UnixSkEntry *entry)
{
	char *name = arena_alloc(restore->arena, entry->name.len + 1);

	memcpy(name, entry->name.data, entry->name.len);
	return name;
}

/* Where its file shall be; NULL: nowhere. */
static const char *final_path(struct restore *restore, const UnixSkEntry *entry)
{
	const char *name = text_of(restore, entry);

	if (entry->moved_to)
		return entry->moved_to;
	if (entry->deleted)
		return NULL;
	return name[0] == '/' ? name : arena_format(restore->arena, "%s/%s", entry->name_dir ?: "/", name);
}

struct error *unix_name_check(struct restore *restore, struct unix_plan *plan, const UnixSkEntry *entry)
{
	const char *path = final_path(restore, entry);
	struct stat stat;
	uint32_t device;

	if (!path || lstat(path, &stat)) /* binding will tell what is wrong with it */
		return NULL;
	if (!S_ISSOCK(stat.st_mode))
		return with_hint(fail("cannot restore the socket %s: something else is there", path), "Move it away.");
	if (!plan->list_known)
		TRY(sock_diag_unix(restore->arena, &plan->list));
	plan->list_known = true;
	device = major(stat.st_dev) << 20 | minor(stat.st_dev);
	for (size_t i = 0; i < plan->list.count; i++)
		if (plan->list.sockets[i].node_inode == (uint32_t)stat.st_ino &&
		    plan->list.sockets[i].node_device == device)
			return with_hint(fail("cannot restore the socket %s: another program is using it", path),
					 "End the program that listens there.");
	return NULL;
}

static struct error *bind_at(const UnixSkEntry *entry, int fd)
{
	struct sockaddr_un address;
	socklen_t length = fill_address(entry, &address);

	if (bind(fd, (struct sockaddr *)&address, length))
		return fail_errno("could not give a socket the name %s%s", unix_has_path(entry) ? "" : "@",
				  address.sun_path + !unix_has_path(entry));
	return NULL;
}

static struct error *go_back(int directory, bool root)
{
	if (fchdir(directory) || (root && chroot(".")))
		return fail_errno("could not go back to where the opener was");
	return NULL;
}

/* Every directory of a name below the current root (or directory). */
static void make_directories(char *name)
{
	for (char *slash = strchr(name + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(name, 0700);
		*slash = '/';
	}
}

static void remove_directories(char *name)
{
	char *slash;

	while ((slash = strrchr(name + 1, '/'))) {
		*slash = '\0';
		(void)rmdir(name);
	}
}

/* The current root and directory are ours: binds, moves the file out if it has a place, and tidies up. */
static struct error *bind_inside(const UnixSkEntry *entry, char *name, int fd, int outside, const char *target,
				 int *ret_node)
{
	struct error *error;

	make_directories(name);
	error = bind_at(entry, fd);
	if (!error && (*ret_node = open(name, O_PATH | O_CLOEXEC)) < 0)
		error = fail_errno("could not open a socket's file");
	if (!error && target && renameat(AT_FDCWD, name, outside, target))
		error = fail_errno("could not move a socket's file to %s", target);
	(void)unlink(name);
	remove_directories(name);
	return error;
}

/* A directory with a name of our own, which goes again whatever happens. */
static struct error *make_place(struct restore *restore, const char *parent, char place[PATH_MAX])
{
	static unsigned number;

	do {
		snprintf(place, PATH_MAX, "%s/.criu-%d-%u", parent, restore->main_pid, number++);
		TRY(trace_file(restore, place));
		if (!mkdir(place, 0700))
			return NULL;
	} while (errno == EEXIST);
	return fail_errno("could not make a directory in %s", parent);
}

/* Binds below `parent`/x, where x is the root meanwhile. target: a name in parent, or NULL. */
static struct error *bind_below(struct restore *restore, const UnixSkEntry *entry, int fd, const char *parent,
				const char *target, int *ret_node)
{
	cleanup_close int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int outside = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1] = "", place[PATH_MAX];
	struct error *error, *back;

	memcpy(name, entry->name.data, entry->name.len < sizeof(name) ? entry->name.len : sizeof(name) - 1);
	if (before < 0 || root < 0 || outside < 0)
		return fail_errno("could not open the directory %s", parent);
	TRY(make_place(restore, parent, place));
	if (chdir(place) || chroot("."))
		error = fail_errno("could not enter %s", place);
	else
		error = bind_inside(entry, name, fd, outside, target, ret_node);
	back = go_back(root, true);
	if (!back)
		back = go_back(before, false);
	(void)rmdir(place);
	if (error)
		error_free(back);
	return error ?: back;
}

struct error *unix_name_bind_privately(struct restore *restore, const UnixSkEntry *entry, int fd, int *ret_node)
{
	static const char *const places[] = { "/tmp", "/run", "/var/tmp", "/dev/shm", "/" };

	if (!entry->name.len)
		return NULL;
	if (!unix_has_path(entry))
		return bind_at(entry, fd);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!access(places[i], W_OK))
			return bind_below(restore, entry, fd, places[i], NULL, ret_node);
	return fail("there is no directory for temporary files");
}

static struct error *bind_moved(struct restore *restore, const UnixSkEntry *entry, int fd, int *ret_node)
{
	char parent[PATH_MAX];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", entry->moved_to);
	slash = strrchr(parent, '/');
	if (!slash)
		return fail("the image is damaged: a socket was moved to \"%s\"", entry->moved_to);
	*slash = '\0';
	TRY(trace_file(restore, entry->moved_to));
	return bind_below(restore, entry, fd, parent[0] ? parent : "/", slash + 1, ret_node);
}

static struct error *bind_in_place(struct restore *restore, const UnixSkEntry *entry, int fd, int *ret_node)
{
	cleanup_close int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *path = final_path(restore, entry);
	struct error *error, *back;
	struct stat stat;

	TRY(trace_file(restore, path));
	if (!lstat(path, &stat) && S_ISSOCK(stat.st_mode)) {
		TRY(trace_replaced_socket(restore, path, &stat));
		if (unlink(path))
			return fail_errno("could not remove the old socket %s", path);
	}
	if (before < 0 || (entry->name_dir && chdir(entry->name_dir)))
		return fail_errno("could not enter the directory %s", entry->name_dir ?: ".");
	error = bind_at(entry, fd);
	back = go_back(before, false);
	if (error) {
		error_free(back);
		return error;
	}
	trace_made(restore, path);
	*ret_node = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_node >= 0 && !fstat(*ret_node, &stat) && S_ISSOCK(stat.st_mode))
		return back;
	error = *ret_node < 0 ? fail_errno("could not open %s", path)
			      : with_hint(fail("the socket %s was replaced by somebody else while it was restored", path),
					  "Look who else writes to its directory.");
	error_free(back);
	return error;
}

static struct error *restore_owner(const UnixSkEntry *entry, int node)
{
	char path[32];

	if (!entry->file_perms)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", node);
	if (fchownat(node, "", entry->file_perms->uid, entry->file_perms->gid, AT_EMPTY_PATH) ||
	    chmod(path, entry->file_perms->mode & 07777))
		return fail_errno("could not set owner and mode of a socket");
	return NULL;
}

struct error *unix_name_bind(struct restore *restore, const UnixSkEntry *entry, int fd, int *ret_node)
{
	if (!unix_has_path(entry))
		return entry->name.len ? bind_at(entry, fd) : NULL;
	if (entry->moved_to)
		TRY(bind_moved(restore, entry, fd, ret_node));
	else if (entry->deleted)
		return unix_name_bind_privately(restore, entry, fd, ret_node);
	else
		TRY(bind_in_place(restore, entry, fd, ret_node));
	return restore_owner(entry, *ret_node);
}
