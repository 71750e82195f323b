// SPDX-License-Identifier: GPL-2.0
/* file: mappings of files, private ones (with the pages that were written) and shared ones. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "files/files.h"
#include "memory/kind.h"
#include "memory/plan.h"
#include "memory/register.h"
#include "memory/vma.h"

static bool is_private(const struct mapping_line *line)
{
	return line->inode && !line->shared;
}

static bool is_shared(const struct mapping_line *line)
{
	return line->inode && line->shared;
}

/* A memory file is told by its name; its contents are saved with it. */
static struct error *register_file(struct dump *dump, struct mapping *mapping)
{
	if (!strncmp(mapping->line->path, "/memfd:", 7))
		mapping->entry->status |= VMA_MEMFD;
	return register_mapped_file(dump, mapping);
}

static struct error *dump_private(struct dump *dump, struct mapping *mapping)
{
	mapping->entry->status = VMA_REGULAR | VMA_FILE_PRIVATE;
	SET(mapping->entry, fdflags, O_RDONLY);
	return register_file(dump, mapping);
}

/* A shared mapping that may become writable came from a writable descriptor. */
static struct error *dump_shared(struct dump *dump, struct mapping *mapping)
{
	mapping->entry->status = VMA_REGULAR | VMA_FILE_SHARED;
	SET(mapping->entry, fdflags, mapping->line->flags & MAPPING_MAY_WRITE ? O_RDWR : O_RDONLY);
	return register_file(dump, mapping);
}

static bool claims_private(const VmaEntry *entry)
{
	return entry->status & VMA_FILE_PRIVATE;
}

static bool claims_shared(const VmaEntry *entry)
{
	return entry->status & VMA_FILE_SHARED;
}

static struct error *plan(struct restore *restore, struct mapping *mapping)
{
	const VmaEntry *entry = mapping->entry;
	bool shared = entry->status & VMA_FILE_SHARED;
	uint32_t access = shared && (entry->prot & PROT_WRITE) ? O_RDWR : O_RDONLY;

	if (entry->has_fdflags && (entry->fdflags & O_ACCMODE) != O_WRONLY)
		access = entry->fdflags & O_ACCMODE;
	return files_want_mapping(restore, mapping->task, entry->shmid, access, mapping_file_key(restore, mapping));
}

static struct error *map(struct restore *restore, struct mapping *mapping, void *address)
{
	const VmaEntry *entry = mapping->entry;
	bool shared = entry->status & VMA_FILE_SHARED;
	int prot = shared ? (int)entry->prot : first_protection(restore, mapping);
	int flags = (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED_NOREPLACE | (entry->flags & MAP_NORESERVE);
	int fd = mapping_file(restore, mapping);

	if (fd < 0)
		return fail("the file of the mapping at 0x%llx was not opened", (unsigned long long)entry->start);
	if (mmap(address, entry->end - entry->start, prot, flags, fd, entry->pgoff) == MAP_FAILED)
		return fail_errno("could not map a file at 0x%llx", (unsigned long long)entry->start);
	return NULL;
}

const struct mapping_kind file_private_mapping_kind = {
	.name = "file_private",
	.recognise = is_private,
	.dump = dump_private,
	.claims = claims_private,
	.plan = plan,
	.map = map,
};
const struct mapping_kind file_shared_mapping_kind = {
	.name = "file_shared",
	.recognise = is_shared,
	.dump = dump_shared,
	.claims = claims_shared,
	.plan = plan,
	.map = map,
};
