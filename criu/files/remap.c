// SPDX-License-Identifier: GPL-2.0
#include "files/remap.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/files.h"
#include "files/ghost.h"
#include "files/procfs.h"
#include "image/record.h"
#include "model/context.h"
#include "model/traces.h"
#include "support/log.h"
#include "support/options.h"

enum { GHOST_NAME_MAX = 255 };

/* ---- dump ---- */

static void add_record(struct dump *dump, uint32_t file_id, RemapType type, uint32_t remap_id)
{
	struct file_collection *files = dump->files;
	RemapFilePathEntry *remap = new_message(dump->arena, remap_file_path_entry);

	remap->orig_id = file_id;
	remap->remap_id = remap_id;
	SET(remap, remap_type, type);
	*arena_append(dump->arena, files->remaps, files->remap_count, files->remap_capacity) = remap;
}

/* One that is there from an earlier dump of the same file will do. */
static bool link_at(int fd, const char *path, const struct stat *stat, bool *made)
{
	struct stat now;
	char own[32];

	snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
	*made = !linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
	return *made ||
	       (errno == EEXIST && !lstat(path, &now) && now.st_dev == stat->st_dev && now.st_ino == stat->st_ino);
}

static void remove_link(void *path)
{
	if (unlink(path))
		log_warning("could not remove %s: %s", (const char *)path, strerror(errno));
}

/* In the directory of the old name, or in one above it if that is gone. */
static struct error *make_link(struct dump *dump, const char *name, int fd, const struct stat *stat, uint32_t id,
			       char **ret_path)
{
	char *directory = arena_string(dump->arena, name), *slash;
	int reason = ENOENT;

	while ((slash = strrchr(directory, '/')) && (reason == ENOENT || reason == EEXIST)) {
		bool made;

		*slash = '\0';
		for (uint32_t number = id; number < id + 1000; number++) {
			*ret_path = arena_format(dump->arena, "%s/link_remap.%u", directory, number);
			if (link_at(fd, *ret_path, stat, &made)) {
				if (made)
					undo_push(&dump->undo, "remove a link remap", remove_link, *ret_path);
				log_info("%s has the name %s until it is restored", name, *ret_path);
				return NULL;
			}
			reason = errno;
			if (reason != EEXIST)
				break;
		}
	}
	return fail_number(reason, "could not give the file %s a name", name);
}

static RegFileEntry *describe_link(struct dump *dump, uint32_t id, char *path, const struct stat *stat)
{
	RegFileEntry *entry = new_message(dump->arena, reg_file_entry);

	entry->id = id;
	entry->name = path;
	entry->fown = new_message(dump->arena, fown_entry);
	SET(entry, mode, stat->st_mode);
	if (S_ISREG(stat->st_mode))
		SET(entry, size, stat->st_size);
	file_entry_new(dump, FD_TYPES__REG, id)->reg = entry;
	return entry;
}

static struct error *link_dump(struct dump *dump, const RegFileEntry *entry, uint32_t file_id, int fd,
			       const struct stat *stat)
{
	struct file_collection *files = dump->files;
	uint32_t id;
	char *path = NULL;

	if (!dump->criu->options->link_remap)
		return with_hint(fail("%s has lost this name but still has another one", entry->name),
				 "Use --link-remap to give it a name again until it is restored.");
	for (size_t i = 0; i < files->relinked_count; i++)
		if (files->relinked[i].device == stat->st_dev && files->relinked[i].inode == stat->st_ino) {
			add_record(dump, file_id, REMAP_TYPE__LINKED, files->relinked[i].ghost_id);
			return NULL;
		}
	id = files_next_id(dump);
	TRY(with_hint(make_link(dump, entry->name, fd, stat, id, &path),
		      "--link-remap needs a directory of the same file system in which a link can be made."));
	(void)describe_link(dump, id, path, stat);
	*arena_append(dump->arena, files->relinked, files->relinked_count, files->relinked_capacity) =
	    (struct seen_ghost){ stat->st_dev, stat->st_ino, id };
	add_record(dump, file_id, REMAP_TYPE__LINKED, id);
	return NULL;
}

/* overlayfs tells of a deleted file of a lower layer what that layer says: it still has its name there. Linux 6.18. */
static bool is_lower(int fd, const struct stat *stat)
{
	struct statfs statfs;

	return stat->st_nlink == 1 && !fstatfs(fd, &statfs) && statfs.f_type == OVERLAYFS_SUPER_MAGIC;
}

struct error *remap_dump(struct dump *dump, RegFileEntry *entry, int fd, const struct stat *stat, bool deleted)
{
	uint32_t file_id = entry->id ?: dump->next_file_id, ghost_id;
	pid_t pid;

	if (procfs_is_dead(fd, entry->name, &pid)) {
		TRY(procfs_check_number(dump, entry->name, pid));
		add_record(dump, file_id, REMAP_TYPE__PROCFS, pid);
		return NULL;
	}
	if (!deleted && (S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode)))
		return with_hint(fail("the device %s is not at this path any more", entry->name),
				 "Use --evasive-devices to look for the same device in /dev.");
	if (!deleted && stat->st_nlink)
		return with_hint(fail("%s is not at this path any more", entry->name),
				 "Files that are hidden by a mount cannot be saved; close the file, or unmount what "
				 "hides it.");
	if (stat->st_nlink && !S_ISDIR(stat->st_mode) && !is_lower(fd, stat))
		return link_dump(dump, entry, file_id, fd, stat);
	TRY(ghost_dump(dump, entry, fd, stat, &ghost_id));
	add_record(dump, file_id, REMAP_TYPE__GHOST, ghost_id);
	return NULL;
}

/* "NAME.cr.1f.ghost": a ghost whose name was taken when it was restored. */
void remap_strip(char *name)
{
	static const char end[] = ".ghost", start[] = ".cr.";

	for (;;) {
		size_t length = strlen(name), digits;
		char *at;

		if (length < sizeof(end) || strcmp(name + length - sizeof(end) + 1, end))
			return;
		at = name + length - sizeof(end) + 1;
		for (digits = 0; at > name && strchr("0123456789abcdef", at[-1]); digits++)
			at--;
		if (!digits || at - name < (long)sizeof(start) ||
		    strncmp(at - sizeof(start) + 1, start, sizeof(start) - 1) || at[-(long)sizeof(start)] == '/')
			return;
		at[-(long)sizeof(start) + 1] = '\0';
	}
}

/* ---- restore: reading ---- */

static const char *temporary_name(struct restore *restore, const char *name, uint32_t id)
{
	const char *base = strrchr(name, '/');

	base = base ? base + 1 : name;
	if (strlen(base) + sizeof(".cr.ffffffff.ghost") > GHOST_NAME_MAX)
		return arena_format(restore->arena, "%.*s.cr.%x.ghost", (int)(base - name), name, id);
	return arena_format(restore->arena, "%s.cr.%x.ghost", name, id);
}

static struct error *add_ghost(struct restore *restore, const RegFileEntry *entry, uint32_t id)
{
	struct file_plan *plan = restore->files;
	struct planned_ghost *ghost;

	for (size_t i = 0; i < plan->ghost_count; i++)
		if (plan->ghosts[i].id == id)
			return NULL;
	ghost = &plan->ghosts[plan->ghost_count++];
	*ghost = (struct planned_ghost){ .id = id, .name = entry->name };
	ghost->path = temporary_name(restore, entry->name, id);
	return ghost_read(restore, ghost);
}

static struct error *add_remap(struct restore *restore, const RemapFilePathEntry *entry)
{
	const uint32_t old_mark = 1u << 31;
	RemapType type = entry->has_remap_type	      ? entry->remap_type
			 : entry->remap_id & old_mark ? REMAP_TYPE__GHOST
						      : REMAP_TYPE__LINKED;
	uint32_t id = entry->has_remap_type ? entry->remap_id : entry->remap_id & ~old_mark;
	struct planned_file *file = planned_file_find(restore, entry->orig_id, FD_TYPES__REG);
	struct planned_remap *remap = &restore->files->remaps[restore->files->remap_count++];

	if (!file)
		return fail("the image is damaged: deleted file %u is not there", entry->orig_id);
	if (file->entry->reg->name[0] != '/')
		return fail("the image is damaged: deleted file %u has no path", entry->orig_id);
	*remap = (struct planned_remap){ .file_id = entry->orig_id, .type = type, .remap_id = id };
	if (type == REMAP_TYPE__GHOST)
		return add_ghost(restore, file->entry->reg, id);
	if (type == REMAP_TYPE__LINKED && !planned_file_find(restore, id, FD_TYPES__REG))
		return fail("the image is damaged: file %u, the other name of %s, is not there", id,
			    file->entry->reg->name);
	if (type == REMAP_TYPE__PROCFS)
		return procfs_check_image(restore, file->entry->reg->name, id);
	return NULL;
}

/* Directories first, and those above others before them. */
static int compare_ghosts(const void *a, const void *b)
{
	const struct planned_ghost *x = a, *y = b;
	bool x_directory = S_ISDIR(x->entry->mode), y_directory = S_ISDIR(y->entry->mode);

	if (x_directory != y_directory)
		return x_directory ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int compare_remaps(const void *a, const void *b)
{
	const struct planned_remap *x = a, *y = b;

	return x->file_id < y->file_id ? -1 : x->file_id > y->file_id;
}

struct error *remap_read(struct restore *restore)
{
	struct file_plan *plan = restore->files;
	RemapFilePathEntry **entries;
	size_t count;

	TRY(image_read_all(restore->criu->images, IMAGE_REMAP_PATHS, 0, restore->arena, &entries, &count));
	plan->remaps = arena_array(restore->arena, struct planned_remap, count);
	plan->ghosts = arena_array(restore->arena, struct planned_ghost, count);
	for (size_t i = 0; i < count; i++)
		TRY(add_remap(restore, entries[i]));
	if (count)
		qsort(plan->remaps, count, sizeof(*plan->remaps), compare_remaps);
	if (plan->ghost_count)
		qsort(plan->ghosts, plan->ghost_count, sizeof(*plan->ghosts), compare_ghosts);
	return NULL;
}

const struct planned_remap *remap_of(const struct restore *restore, const RegFileEntry *entry)
{
	const struct file_plan *plan = restore->files;
	const struct planned_remap key = { .file_id = entry->id };

	return plan->remap_count ? bsearch(&key, plan->remaps, plan->remap_count, sizeof(key), compare_remaps) : NULL;
}

static const RegFileEntry *link_of(const struct restore *restore, const struct planned_remap *remap)
{
	return planned_file_find(restore, remap->remap_id, FD_TYPES__REG)->entry->reg;
}

struct error *remap_check(struct restore *restore, const RegFileEntry *entry)
{
	const struct planned_remap *remap = remap_of(restore, entry);
	const RegFileEntry *link;
	struct stat now;

	if (!remap || remap->type != REMAP_TYPE__LINKED)
		return NULL;
	link = link_of(restore, remap);
	if (lstat(link->name, &now))
		return with_hint(
		    fail_errno("cannot restore the file %s, which the dump gave the name %s", entry->name, link->name),
		    "Make the link again from one of the file's other names.");
	if (link->has_size && S_ISREG(now.st_mode) && (uint64_t)now.st_size != link->size)
		return with_hint(fail("%s has %llu bytes now, and had %llu at the dump", link->name,
				      (unsigned long long)now.st_size, (unsigned long long)link->size),
				 "Put back the file as it was at the dump.");
	return NULL;
}

bool remap_needs_pid(const struct restore *restore, pid_t pid)
{
	for (size_t i = 0; restore->files && i < restore->files->remap_count; i++)
		if (restore->files->remaps[i].type == REMAP_TYPE__PROCFS &&
		    restore->files->remaps[i].remap_id == (uint32_t)pid)
			return true;
	return false;
}

/* ---- restore: the opener ---- */

/* Directories that were deleted with the file come back for a moment. */
static struct error *make_parents(struct restore *restore, const char *path)
{
	struct file_plan *plan = restore->files;
	char *part = arena_string(restore->arena, path);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct stat stat;

		*slash = '\0';
		if (lstat(part, &stat))
			TRY(trace_file(restore, part));
		if (!mkdir(part, 0700)) {
			trace_made(restore, part);
			*arena_append(restore->arena, plan->made_parents, plan->made_parent_count,
				      plan->made_parent_capacity) = arena_string(restore->arena, part);
		} else if (errno != EEXIST) {
			return fail_errno("could not create the directory %s", part);
		}
		*slash = '/';
	}
	return NULL;
}

static const char *source_of(const struct restore *restore, const struct planned_remap *remap)
{
	if (remap->type == REMAP_TYPE__LINKED)
		return link_of(restore, remap)->name;
	for (size_t i = 0; i < restore->files->ghost_count; i++)
		if (restore->files->ghosts[i].id == remap->remap_id)
			return restore->files->ghosts[i].path;
	return NULL;
}

/* The name that it had, if nobody has it now. One name serves all openings: whoever watches a deleted file is told
 * that it is gone when any of the names that it was opened by is used no more, Linux 6.18. */
static struct error *give_name(struct restore *restore, struct planned_remap *remap)
{
	const RegFileEntry *entry = planned_file_find(restore, remap->file_id, FD_TYPES__REG)->entry->reg;
	struct stat stat;

	remap->path = source_of(restore, remap);
	if (lstat(remap->path, &stat))
		return fail_errno("could not examine %s", remap->path);
	remap->device = stat.st_dev;
	remap->inode = stat.st_ino;
	if (!strcmp(remap->path, entry->name))
		return NULL;
	for (const struct planned_remap *other = restore->files->remaps; other < remap; other++)
		if (other->named && !strcmp(other->path, entry->name) && other->type == remap->type &&
		    other->remap_id == remap->remap_id) {
			remap->path = other->path;
			return NULL;
		}
	TRY(make_parents(restore, entry->name));
	TRY(trace_file(restore, entry->name));
	/* Nothing can be linked to a directory, and on some file systems to nothing at all: it does without the name.
	 */
	if (link(remap->path, entry->name))
		return NULL;
	trace_made(restore, entry->name);
	remap->path = entry->name;
	remap->named = true;
	return NULL;
}

struct error *remap_prepare(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->ghost_count; i++) {
		TRY(make_parents(restore, plan->ghosts[i].name));
		TRY(ghost_create(restore, &plan->ghosts[i]));
	}
	for (size_t i = 0; i < plan->remap_count; i++)
		if (plan->remaps[i].type != REMAP_TYPE__PROCFS)
			TRY(give_name(restore, &plan->remaps[i]));
	return NULL;
}

struct error *remap_open(const struct planned_remap *remap, const RegFileEntry *entry, int flags, int *ret_fd)
{
	struct stat stat;

	if (remap->type == REMAP_TYPE__PROCFS)
		return procfs_open_dead(remap->remap_id, entry->name, flags, ret_fd);
	*ret_fd = open(remap->path, flags);
	if (*ret_fd < 0)
		return fail_errno("could not open %s", remap->path);
	/* Others may write to that directory. */
	if (fstat(*ret_fd, &stat) || stat.st_dev != remap->device || stat.st_ino != remap->inode) {
		close(*ret_fd);
		return fail("%s was replaced by another file while it was being restored", remap->path);
	}
	return NULL;
}

void remap_clean(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->remap_count; i++)
		if (plan->remaps[i].named && unlink(plan->remaps[i].path))
			log_warning("could not remove %s: %s", plan->remaps[i].path, strerror(errno));
	for (size_t i = plan->ghost_count; i-- > 0;)
		ghost_remove(&plan->ghosts[i]);
	while (plan->made_parent_count)
		(void)rmdir(plan->made_parents[--plan->made_parent_count]);
}

void remap_finish(struct restore *restore)
{
	const struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->remap_count; i++) {
		const char *path;

		if (plan->remaps[i].type != REMAP_TYPE__LINKED)
			continue;
		path = link_of(restore, &plan->remaps[i])->name;
		if (unlink(path) && errno != ENOENT)
			log_warning("could not remove %s: %s", path, strerror(errno));
	}
}
