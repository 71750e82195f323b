// SPDX-License-Identifier: GPL-2.0
/*
 * memfd: files that live in memory only. Several descriptions and mappings may belong to one;
 * its contents are saved once, through a descriptor, like shared memory. Seals are set at the very
 * end, when contents and mappings that they would forbid are in place.
 */
#include "files/memfd.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/files.h"
#include "files/inherited.h"
#include "image/record.h"
#include "model/context.h"
#include "support/cleanup.h"

static const char prefix[] = "/memfd:", deleted_mark[] = " (deleted)";

/* ---- dump ---- */

struct memfd_collection {
	MemfdInodeEntry **entries;
	size_t count, capacity;
};

bool memfd_is_link(const char *link)
{
	return !strncmp(link, prefix, sizeof(prefix) - 1);
}

static char *name_of(struct arena *arena, const char *link)
{
	char *name = arena_string(arena, link + sizeof(prefix) - 1);
	size_t length = strlen(name), mark = sizeof(deleted_mark) - 1;

	if (length >= mark && !strcmp(name + length - mark, deleted_mark))
		name[length - mark] = '\0';
	return name;
}

/* The record of the file behind a descriptor; contents are asked for when it is new. */
static struct error *describe(struct dump *dump, int fd, const struct stat *stat, const char *link, uint32_t *inode_id)
{
	struct memfd_collection *all = dump->files->memfds;
	bool huge = stat->st_blksize > 4096;
	uint32_t key = memory_object_key(stat->st_ino, huge);
	MemfdInodeEntry *entry;
	int seals;

	if (!all)
		all = dump->files->memfds = arena_new(dump->arena, struct memfd_collection);
	for (size_t i = 0; i < all->count; i++)
		if (all->entries[i]->shmid == key) {
			*inode_id = all->entries[i]->inode_id;
			return NULL;
		}
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0)
		return fail_errno("could not read the seals of %s", link);
	entry = new_message(dump->arena, memfd_inode_entry);
	entry->name = name_of(dump->arena, link);
	entry->uid = stat->st_uid;
	entry->gid = stat->st_gid;
	entry->size = stat->st_size;
	entry->shmid = key;
	entry->seals = seals;
	entry->inode_id = *inode_id = all->count + 1;
	SET(entry, mode, stat->st_mode & 07777);
	if (huge)
		SET(entry, hugetlb_flag, MFD_HUGETLB | (uint32_t)__builtin_ctzl(stat->st_blksize) << MAP_HUGE_SHIFT);
	*arena_append(dump->arena, all->entries, all->count, all->capacity) = entry;
	return stat->st_size ? dump->drain_file(dump, entry->shmid, fd, stat->st_size) : NULL;
}

/* A descriptor that can read, whatever the task's own is. */
static struct error *open_readable(int fd, int *ret_fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not open a memory file") : NULL;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	cleanup_close int readable = -1;
	off_t position = lseek(fd->fd, 0, SEEK_CUR);

	out->memfd = new_message(dump->arena, memfd_file_entry);
	out->memfd->pos = position < 0 ? 0 : position;
	TRY(open_readable(fd->fd, &readable));
	return describe(dump, readable, &fd->stat, fd->link, &out->memfd->inode_id);
}

struct error *memfd_register(struct dump *dump, int fd, const struct stat *stat, const char *link, uint32_t flags,
			     uint32_t *ret_id)
{
	MemfdFileEntry *entry = new_message(dump->arena, memfd_file_entry);
	cleanup_close int readable = -1;

	TRY(open_readable(fd, &readable));
	TRY(describe(dump, readable, stat, link, &entry->inode_id));
	*ret_id = entry->id = files_next_id(dump);
	entry->flags = flags;
	entry->fown = new_message(dump->arena, fown_entry);
	file_entry_new(dump, FD_TYPES__MEMFD, entry->id)->memfd = entry;
	return NULL;
}

struct error *memfd_write(struct dump *dump)
{
	const struct memfd_collection *all = dump->files->memfds;
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, IMAGE_MEMFD_INODES, 0, &writer));
	for (size_t i = 0; all && i < all->count; i++)
		TRY(image_write(writer, &all->entries[i]->base));
	return image_close(take_pointer(writer));
}

/* ---- restore ---- */

struct planned_memfd {
	MemfdInodeEntry *entry;
	int fd; /* in the opener, for reading and writing */
	const char *key; /* for --inherit-fd */
};

struct memfd_plan {
	struct planned_memfd *memfds;
	size_t count;
};

static struct error *get_plan(struct restore *restore, struct memfd_plan **ret)
{
	struct memfd_plan *plan = restore->files->memfds;
	ProtobufCMessage **entries;

	if (!plan) {
		plan = restore->files->memfds = arena_new(restore->arena, struct memfd_plan);
		TRY(image_read_all(restore->criu->images, IMAGE_MEMFD_INODES, 0, restore->arena, &entries,
				   &plan->count));
		plan->memfds = arena_array(restore->arena, struct planned_memfd, plan->count);
		for (size_t i = 0; i < plan->count; i++)
			plan->memfds[i] = (struct planned_memfd){ (MemfdInodeEntry *)entries[i], -1 };
	}
	*ret = plan;
	return NULL;
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	struct memfd_plan *plan;

	TRY(get_plan(restore, &plan));
	for (size_t i = 0; i < plan->count; i++) {
		const MemfdInodeEntry *entry = plan->memfds[i].entry;

		if (entry->inode_id != file->entry->memfd->inode_id)
			continue;
		file->kind_data = &plan->memfds[i];
		plan->memfds[i].key = arena_format(restore->arena, "%s%s", prefix, entry->name);
		if (inherited_find(restore, plan->memfds[i].key) >= 0)
			return NULL;
		file->finish_copy = entry->seals & ~(uint32_t)F_SEAL_SEAL;
		return NULL;
	}
	return fail("the image is damaged: memory file %u has no record", file->entry->memfd->inode_id);
}

static struct error *fill(struct restore *restore, const struct planned_memfd *memfd)
{
	struct error *error = restore->fill_file(restore, memfd->entry->shmid, memfd->fd, memfd->entry->size);

	return memfd->entry->hugetlb_flag ? with_hint(error, "Reserve more huge pages (vm.nr_hugepages).") : error;
}

static struct error *make(struct restore *restore, struct planned_memfd *memfd)
{
	const MemfdInodeEntry *entry = memfd->entry;
	bool sealable = entry->seals != F_SEAL_SEAL;
	unsigned huge = entry->hugetlb_flag & (MFD_HUGETLB | (unsigned)MAP_HUGE_MASK << MAP_HUGE_SHIFT);

	if (memfd->fd < 0)
		TRY(inherited_duplicate(restore, memfd->key, &memfd->fd));
	if (memfd->fd >= 0)
		return NULL;
	memfd->fd = memfd_create(entry->name, MFD_CLOEXEC | huge | (sealable ? MFD_ALLOW_SEALING : 0));
	if (memfd->fd < 0 || ftruncate(memfd->fd, entry->size))
		return fail_errno("could not make the memory file \"%s\"", entry->name);
	if (entry->size)
		TRY(fill(restore, memfd));
	if (fchown(memfd->fd, entry->uid, entry->gid) || (entry->has_mode && fchmod(memfd->fd, entry->mode)))
		return fail_errno("could not set owner and mode of the memory file \"%s\"", entry->name);
	return NULL;
}

struct error *memfd_open(struct restore *restore, struct planned_file *file, int flags, int *ret_fd)
{
	struct planned_memfd *memfd = file->kind_data;
	char path[32];

	TRY(make(restore, memfd));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd->fd);
	*ret_fd = open(path, (flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not open the memory file \"%s\"", memfd->entry->name) : NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const MemfdFileEntry *entry = file->entry->memfd;

	TRY(memfd_open(restore, file, entry->flags, ret_fd));
	if (entry->pos && lseek(*ret_fd, entry->pos, SEEK_SET) < 0)
		return fail_errno("could not set the position of a memory file");
	return NULL;
}

static struct error *finish(struct restore *restore, struct planned_file *file, int fd)
{
	const struct planned_memfd *memfd = file->kind_data;
	int now = fcntl(fd, F_GET_SEALS);
	cleanup_close int writable = -1;
	char path[32];

	/* Another description of the same file may have done it. */
	if (now >= 0 && (now & F_SEAL_SEAL))
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writable = open(path, O_RDWR | O_CLOEXEC);
	if (fcntl(writable >= 0 ? writable : fd, F_ADD_SEALS, memfd->entry->seals))
		return fail_errno("could not seal the memory file \"%s\"", memfd->entry->name);
	return NULL;
}

const struct file_kind memfd_kind = {
	.name = "memfd",
	.type = FD_TYPES__MEMFD,
	.entry = offsetof(FileEntry, memfd),
	.match = { .mode = S_IFREG, .link_prefix = "/memfd:" },
	.dump = dump,
	.plan = plan,
	.create = create,
	.finish = finish,
};
