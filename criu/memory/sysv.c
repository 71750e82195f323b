// SPDX-License-Identifier: GPL-2.0
/*
 * sysv: System V shared memory. A segment is an object of the ipc namespace with an id that programs
 * remember, so it comes back with its id, key, owner and mode; its contents are saved once. One
 * that is still there at the restore, because nothing removed it, is filled again. Sources: shmget(2),
 * shmat(2), shmctl(2); /proc/sys/kernel/shm_next_id needs CONFIG_CHECKPOINT_RESTORE.
 */
#include "memory/sysv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "image/record.h"
#include "memory/collection.h"
#include "memory/kind.h"
#include "memory/memory.h"
#include "memory/plan.h"
#include "memory/shared.h"
#include "memory/vma.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"

static uint64_t rounded(uint64_t size)
{
	return (size + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* ---- dump ---- */

static bool recognise(const struct mapping_line *line)
{
	return line->shared && !strncmp(line->path, "/SYSV", 5);
}

/* The inode number of a segment's file is its id. */
static struct error *dump(struct dump *dump, struct mapping *mapping)
{
	VmaEntry *entry = mapping->entry;

	entry->status = VMA_REGULAR | VMA_ANON_SHARED | VMA_SYSVIPC;
	entry->flags |= MAP_ANONYMOUS;
	entry->shmid = mapping->line->inode;
	if (!(mapping->line->flags & MAPPING_MAY_WRITE)) /* attached with SHM_RDONLY */
		SET(entry, fdflags, O_RDONLY);
	return NULL;
}

static IpcShmEntry *find_entry(const struct memory_collection *memory, uint32_t id)
{
	for (size_t i = 0; i < memory->segment_count; i++)
		if (memory->segments[i]->desc->id == id)
			return memory->segments[i];
	return NULL;
}

static IpcShmEntry *describe(struct dump *dump, const struct shmid_ds *info, uint32_t id)
{
	IpcShmEntry *entry = new_message(dump->arena, ipc_shm_entry);

	entry->desc = new_message(dump->arena, ipc_desc_entry);
	entry->desc->key = info->shm_perm.__key;
	entry->desc->uid = info->shm_perm.uid;
	entry->desc->gid = info->shm_perm.gid;
	entry->desc->cuid = info->shm_perm.cuid;
	entry->desc->cgid = info->shm_perm.cgid;
	entry->desc->mode = info->shm_perm.mode; /* with SHM_DEST and SHM_LOCKED */
	entry->desc->id = id;
	entry->size = info->shm_segsz;
	SET(entry, in_pagemaps, true);
	return entry;
}

static size_t count_attachments(const struct memory_collection *memory, uint64_t id)
{
	size_t count = 0;

	for (size_t i = 0; i < memory->scan_count; i++)
		for (size_t j = 0; j < memory->scans[i].line_count; j++)
			if (recognise(&memory->scans[i].lines[j]) && memory->scans[i].lines[j].inode == id)
				count++;
	return count;
}

static struct error *collect_segment(struct dump *dump, const struct task *task, const struct mapping_line *line)
{
	struct memory_collection *memory = dump->memory;
	struct page_set *set;
	struct shmid_ds info;
	size_t attached;
	char link[64];

	if (find_entry(memory, line->inode))
		return NULL;
	if (shmctl((int)line->inode, IPC_STAT, &info))
		return fail_errno("could not examine the segment");
	attached = count_attachments(memory, line->inode);
	if (info.shm_nattch != attached)
		return with_hint(fail("processes outside of the tree have it too (%lu of %lu attachments)",
				      info.shm_nattch - attached, info.shm_nattch),
				 "Dump a tree with all processes that use the segment (ipcs -m -p names two of them).");
	for (size_t i = 0; i < memory->set_count; i++)
		if (memory->sets[i]->shared && memory->sets[i]->key == line->inode)
			return with_hint(fail("other shared memory has the same number"), "Start the program again.");
	snprintf(link, sizeof(link), "map_files/%llx-%llx", (unsigned long long)line->start,
		 (unsigned long long)line->end);
	set = new_page_set(dump, NULL, line->inode, true);
	set->source_fd = openat(task->proc_fd, link, O_RDONLY | O_CLOEXEC);
	if (set->source_fd < 0)
		return with_hint(fail_errno("could not open the segment"),
				 "This needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN.");
	add_source(dump->arena, set, NULL, 0);
	*arena_append(dump->arena, memory->segments, memory->segment_count, memory->segment_capacity) =
	    describe(dump, &info, line->inode);
	return want_data(dump->arena, set, rounded(info.shm_segsz));
}

struct error *sysv_sets(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;

	for (size_t i = 0; i < memory->scan_count; i++)
		for (size_t j = 0; j < memory->scans[i].line_count; j++) {
			const struct mapping_line *line = &memory->scans[i].lines[j];

			if (recognise(line))
				TRY(with_context(collect_segment(dump, dump->snapshot->tasks[i], line),
						 "cannot save process %d: System V shared memory %lu",
						 dump->snapshot->tasks[i]->pid, line->inode));
		}
	return NULL;
}

struct error *sysv_write(struct dump *dump)
{
	const struct memory_collection *memory = dump->memory;
	cleanup_image_writer struct image_writer *writer = NULL;

	if (!memory->segment_count)
		return NULL;
	TRY(image_create(dump->criu->images, IMAGE_IPC_SHM, snapshot_root(dump->snapshot)->ids->ipc_ns_id, &writer));
	for (size_t i = 0; i < memory->segment_count; i++)
		TRY(image_write(writer, &memory->segments[i]->base));
	return image_close(take_pointer(writer));
}

/* ---- restore ---- */

static bool claims(const VmaEntry *entry)
{
	return entry->status & VMA_SYSVIPC;
}

/* Images without a record of the segment say no more than that it must be there. */
static struct error *read_segments(struct restore *restore)
{
	const TaskKobjIdsEntry *ids = snapshot_root(restore->snapshot)->ids;
	cleanup_image_reader struct image_reader *reader = NULL;
	struct memory_plan *plan = restore->memory;
	ProtobufCMessage *message;

	if (plan->segments_read)
		return NULL;
	plan->segments_read = true;
	TRY(image_open(restore->criu->images, IMAGE_IPC_SHM, ids ? ids->ipc_ns_id : 0, &reader));
	if (reader->missing)
		return NULL;
	for (;;) {
		const IpcShmEntry *entry;

		TRY(image_read(reader, &ipc_shm_entry__descriptor, restore->arena, &message));
		if (!message)
			return NULL;
		entry = (const IpcShmEntry *)message;
		if (!entry->in_pagemaps)
			return with_hint(
			    fail("the contents of System V shared memory %u are in an old form", entry->desc->id),
			    "Make the images anew with a newer criu.");
		if (!entry->size || entry->size > 1ULL << 47 || entry->desc->id > INT32_MAX)
			return fail("the image is damaged: System V shared memory %u", entry->desc->id);
		*arena_append(restore->arena, plan->segments, plan->segment_count, plan->segment_capacity) =
		    (struct segment){ .id = (int)entry->desc->id, .entry = entry, .size = entry->size };
	}
}

static struct segment *find(struct restore *restore, uint64_t id)
{
	struct memory_plan *plan = restore->memory;

	for (size_t i = 0; i < plan->segment_count; i++)
		if ((uint64_t)plan->segments[i].id == id)
			return &plan->segments[i];
	return NULL;
}

static struct error *plan_existing(struct restore *restore, uint64_t id)
{
	struct memory_plan *plan = restore->memory;
	struct shmid_ds info;

	if (id > INT32_MAX || shmctl((int)id, IPC_STAT, &info))
		return with_hint(fail("System V shared memory %llu is neither in the images nor on this machine",
				      (unsigned long long)id),
				 "Restore where the segment still is, or make the images with this criu.");
	*arena_append(restore->arena, plan->segments, plan->segment_count, plan->segment_capacity) =
	    (struct segment){ .id = (int)id, .size = info.shm_segsz };
	return NULL;
}

static struct error *plan(struct restore *restore, struct mapping *mapping)
{
	const VmaEntry *entry = mapping->entry;
	const struct segment *segment;

	TRY(read_segments(restore));
	if (!find(restore, entry->shmid))
		TRY(plan_existing(restore, entry->shmid));
	segment = find(restore, entry->shmid);
	if (entry->pgoff % PAGE_BYTES || entry->pgoff + (entry->end - entry->start) > rounded(segment->size))
		return fail("the image is damaged: the mapping at 0x%llx is larger than its System V segment",
			    (unsigned long long)entry->start);
	return NULL;
}

static struct error *choose_id(int id)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", id);
	return with_hint(write_file_at(AT_FDCWD, "/proc/sys/kernel/shm_next_id", text, strlen(text)),
			 "Choosing an id needs CAP_CHECKPOINT_RESTORE and a kernel with CONFIG_CHECKPOINT_RESTORE.");
}

static struct error *create(struct segment *segment)
{
	const IpcDescEntry *desc = segment->entry->desc;
	struct shmid_ds info;
	int id;

	TRY(choose_id(segment->id));
	id = shmget((key_t)desc->key, segment->size, IPC_CREAT | IPC_EXCL | (int)(desc->mode & 0777));
	if (id < 0 && errno == EEXIST)
		return with_hint(fail("another segment has its key 0x%x", desc->key),
				 "Look for it with ipcs -m, and remove it with ipcrm if nobody uses it.");
	if (id < 0)
		return fail_errno("could not make it");
	if (id != segment->id) {
		shmctl(id, IPC_RMID, NULL);
		return with_hint(fail("its id is taken by another segment"),
				 "Look for it with ipcs -m, and remove it with ipcrm if nobody uses it.");
	}
	segment->made = true;
	if (shmctl(id, IPC_STAT, &info))
		return fail_errno("could not examine it");
	info.shm_perm.uid = desc->uid;
	info.shm_perm.gid = desc->gid;
	info.shm_perm.mode = desc->mode & 0777;
	if (shmctl(id, IPC_SET, &info))
		return fail_errno("could not set its owner");
	if ((desc->mode & SHM_LOCKED) && shmctl(id, SHM_LOCK, NULL))
		return fail_errno("could not lock it");
	return NULL;
}

/* Is it still the one that was saved, and nobody's? */
static struct error *check_existing(const struct segment *segment, const struct shmid_ds *info)
{
	const IpcDescEntry *desc = segment->entry->desc;
	bool same = (uint32_t)info->shm_perm.__key == desc->key && info->shm_segsz == segment->size &&
		    info->shm_perm.cuid == desc->cuid && info->shm_perm.cgid == desc->cgid &&
		    info->shm_perm.uid == desc->uid && info->shm_perm.gid == desc->gid;

	if (!same)
		return with_hint(fail("its id is taken by another segment"),
				 "Look for it with ipcs -m, and remove it with ipcrm if nobody uses it.");
	if (info->shm_nattch)
		return with_hint(fail("it is in use"), "End the processes that use it (ipcs -m -p names two of them).");
	return NULL;
}

static struct error *make(struct restore *restore, struct segment *segment)
{
	struct shmid_ds info;

	if (!segment->entry)
		return NULL;
	if (shmctl(segment->id, IPC_STAT, &info))
		TRY(create(segment));
	else
		TRY(check_existing(segment, &info));
	segment->place = shmat(segment->id, NULL, 0);
	if (segment->place == (void *)-1) {
		segment->place = NULL;
		return fail_errno("could not attach it");
	}
	/* Its end needs no help from here on, whoever of us is killed. */
	if ((segment->entry->desc->mode & SHM_DEST) && shmctl(segment->id, IPC_RMID, NULL))
		return fail_errno("could not mark it as removed");
	if (!segment->made) /* what is not in the images is zero */
		(void)madvise(segment->place, rounded(segment->size), MADV_REMOVE);
	return memory_fill_pages(restore, segment->id, segment->place, rounded(segment->size));
}

struct error *sysv_prepare(struct restore *restore)
{
	struct memory_plan *plan = restore->memory;
	struct segment *segments;

	if (!plan->segment_count)
		return NULL;
	/* Shared, so that the guardian knows what was made. */
	segments = mmap(NULL, plan->segment_count * sizeof(*segments), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (segments == MAP_FAILED)
		return fail_errno("could not map memory");
	memcpy(segments, plan->segments, plan->segment_count * sizeof(*segments));
	plan->segments = segments;
	undo_push(&restore->undo, "remove System V shared memory", sysv_remove, restore);
	return NULL;
}

struct error *sysv_fill(struct restore *restore)
{
	struct memory_plan *plan = restore->memory;

	for (size_t i = 0; i < plan->segment_count; i++)
		TRY(with_context(make(restore, &plan->segments[i]), "System V shared memory %d", plan->segments[i].id));
	return NULL;
}

void sysv_remove(void *argument)
{
	struct restore *restore = argument;
	struct memory_plan *plan = restore->memory;

	for (size_t i = 0; i < plan->segment_count; i++)
		if (plan->segments[i].made && !(plan->segments[i].entry->desc->mode & SHM_DEST))
			shmctl(plan->segments[i].id, IPC_RMID, NULL);
	sysv_detach(restore);
}

void sysv_detach(struct restore *restore)
{
	struct memory_plan *plan = restore->memory;

	for (size_t i = 0; i < plan->segment_count; i++)
		if (plan->segments[i].place) {
			shmdt(plan->segments[i].place);
			plan->segments[i].place = NULL;
		}
}

/* The part that this mapping shows of the segment, moved from an attachment of the whole. */
static struct error *move_part(const VmaEntry *entry, char *whole, uint64_t size, void *address)
{
	uint64_t length = entry->end - entry->start, behind = entry->pgoff + length;

	if (mremap(whole + entry->pgoff, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, address) == MAP_FAILED)
		return fail_errno("could not move System V shared memory to 0x%llx", (unsigned long long)entry->start);
	if ((entry->pgoff && munmap(whole, entry->pgoff)) || (behind < size && munmap(whole + behind, size - behind)))
		return fail_errno("could not unmap System V shared memory");
	if (mprotect(address, length, entry->prot))
		return fail_errno("could not protect System V shared memory at 0x%llx",
				  (unsigned long long)entry->start);
	return NULL;
}

static struct error *map(struct restore *restore, struct mapping *mapping, void *address)
{
	const VmaEntry *entry = mapping->entry;
	const struct segment *segment = find(restore, entry->shmid);
	bool readonly = entry->has_fdflags && entry->fdflags == O_RDONLY;
	void *whole;

	if (mmap(address, entry->end - entry->start, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		return fail_errno("could not map System V shared memory at 0x%llx", (unsigned long long)entry->start);
	whole = shmat(segment->id, NULL, (readonly ? SHM_RDONLY : 0) | (entry->prot & PROT_EXEC ? SHM_EXEC : 0));
	if (whole == (void *)-1)
		return fail_errno("could not attach System V shared memory %d", segment->id);
	return move_part(entry, whole, rounded(segment->size), address);
}

const struct mapping_kind sysv_mapping_kind = {
	.name = "sysv",
	.recognise = recognise,
	.dump = dump,
	.claims = claims,
	.plan = plan,
	.map = map,
};
