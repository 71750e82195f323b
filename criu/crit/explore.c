// SPDX-License-Identifier: GPL-2.0
/* A look into a directory of images, see explore.h. */
#include "crit/explore.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "image/old_forms.h"
#include "support/cleanup.h"

/* Bits of a mapping's status that name it, see images/vma.proto. */
enum { VSYSCALL = 0x4, VDSO = 0x8, HEAP = 0x20, FILE_BACKED = 0xc0, SYSVIPC = 0x400, VVAR = 0x1000, AIO_RING = 0x2000 };
enum { ANONYMOUS_SHARED = 0x100, GUARD = 0x10000, MAP_SHARED_BIT = 1, PAGE_BYTES = 4096 };

struct view {
	struct image_directory *directory;
	struct arena arena;
	PstreeEntry **tasks;
	size_t task_count;
	FileEntry **files; /* sorted by id */
	size_t file_count;
	FILE *stream;
};

static void end_view(struct view *view)
{
	arena_free(&view->arena);
	image_directory_close(view->directory);
}

#define cleanup_view __attribute__((cleanup(end_view)))

/* Text from an image may hold anything, and ends up on a terminal. */
static void print_text(FILE *stream, const char *text, size_t length)
{
	for (; length; length--, text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			fprintf(stream, *text ? "\\x%02x" : "@", (unsigned char)*text);
		else
			fputc(*text, stream);
	}
}

static struct error *core_of(struct view *view, const PstreeEntry *task, CoreEntry **ret)
{
	TRY(image_read_one(view->directory, IMAGE_CORE, task->pid, &view->arena, ret));
	return image_complete_task(view->directory, task->pid, true, &view->arena, *ret);
}

static struct error *print_task(struct view *view, const PstreeEntry *task, CoreEntry *core)
{
	const char *name = core->tc ? core->tc->comm : "?";

	fprintf(view->stream, "%u ", task->pid);
	print_text(view->stream, name, strlen(name));
	fputc('\n', view->stream);
	return NULL;
}

/* ---- ps ---- */

/* The list is in the order of the tree; the depth follows from the parents before it. */
static size_t depth_of(const struct view *view, size_t index)
{
	size_t depth = 0;

	for (uint32_t parent = view->tasks[index]->ppid; parent && depth <= index; depth++) {
		size_t i = index;

		while (i-- > 0)
			if (view->tasks[i]->pid == parent)
				break;
		if (i == (size_t)-1)
			break;
		parent = view->tasks[i]->ppid;
		index = i;
	}
	return depth;
}

static struct error *explore_ps(struct view *view)
{
	fprintf(view->stream, "%7s%7s%7s   %s\n", "PID", "PGID", "SID", "COMM");
	for (size_t i = 0; i < view->task_count; i++) {
		const PstreeEntry *task = view->tasks[i];
		CoreEntry *core;

		TRY(core_of(view, task, &core));
		fprintf(view->stream, "%7u%7u%7u   %*s", task->pid, task->pgid, task->sid,
			(int)depth_of(view, i) * 2, "");
		if (core->tc)
			print_text(view->stream, core->tc->comm, strlen(core->tc->comm));
		fputc('\n', view->stream);
	}
	return NULL;
}

/* ---- fds ---- */

static int compare_files(const void *a, const void *b)
{
	const FileEntry *x = *(FileEntry *const *)a, *y = *(FileEntry *const *)b;

	return x->id != y->id ? (x->id < y->id ? -1 : 1) : (int)x->type - (int)y->type;
}

/* The file with that id; of several (a tun device also has its path) the one of this type, if any. */
static const FileEntry *find_file(const struct view *view, uint32_t id, FdTypes type)
{
	size_t low = 0, high = view->file_count;
	const FileEntry *found = NULL;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (view->files[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < view->file_count && view->files[low]->id == id; low++)
		if (!found || view->files[low]->type == type)
			found = view->files[low];
	return found;
}

static const char *type_name(FdTypes type)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&fd_types__descriptor, type);

	return value ? value->name : "?";
}

static void print_unix(FILE *stream, const UnixSkEntry *entry)
{
	fprintf(stream, "unix[%u (%u)", entry->ino, entry->peer);
	if (entry->name.len) {
		fputc(' ', stream);
		print_text(stream, (const char *)entry->name.data, entry->name.len);
	}
	fputc(']', stream);
}

/* One line's text for a file, whatever it is. */
static void print_file(const struct view *view, uint32_t id, FdTypes type)
{
	const FileEntry *file = find_file(view, id, type);
	FILE *stream = view->stream;

	if (!file)
		fprintf(stream, "%s.%u (not in the images)", type_name(type), id);
	else if (file->reg)
		print_text(stream, file->reg->name, strlen(file->reg->name));
	else if (file->pipe)
		fprintf(stream, "pipe[%u]", file->pipe->pipe_id);
	else if (file->fifo)
		fprintf(stream, "fifo[%u]", file->fifo->pipe_id);
	else if (file->usk)
		print_unix(stream, file->usk);
	else if (file->isk)
		fprintf(stream, "%s[%u]:%u-%u", file->isk->proto == 6 ? "tcp" : file->isk->proto == 17 ? "udp" : "inet",
			file->isk->ino, file->isk->src_port, file->isk->dst_port);
	else if (file->memfd)
		fprintf(stream, "memfd.%u", file->memfd->inode_id);
	else if (file->tty)
		fprintf(stream, "tty.%u", file->tty->tty_info_id);
	else
		fprintf(stream, "%s.%u", type_name(file->type), id);
}

static void print_place(const struct view *view, const char *place, uint32_t id, FdTypes type)
{
	fprintf(view->stream, "\t%7s: ", place);
	print_file(view, id, type);
	fputc('\n', view->stream);
}

static struct error *explore_fds_of(struct view *view, const PstreeEntry *task)
{
	FdinfoEntry **descriptors;
	CoreEntry *core;
	FsEntry *fs;
	size_t count;
	char number[16];

	TRY(core_of(view, task, &core));
	TRY(print_task(view, task, core));
	if (!core->ids) /* a zombie */
		return NULL;
	TRY(image_read_all(view->directory, IMAGE_FDINFO, core->ids->files_id, &view->arena, &descriptors, &count));
	for (size_t i = 0; i < count; i++) {
		snprintf(number, sizeof(number), "%u", descriptors[i]->fd);
		print_place(view, number, descriptors[i]->id, descriptors[i]->type);
	}
	TRY(image_read_one(view->directory, IMAGE_FS, task->pid, &view->arena, &fs));
	print_place(view, "cwd", fs->cwd_id, FD_TYPES__REG);
	print_place(view, "root", fs->root_id, FD_TYPES__REG);
	return NULL;
}

static struct error *read_files(struct view *view)
{
	TRY(image_read_files(view->directory, &view->arena, &view->files, &view->file_count));
	if (view->file_count)
		qsort(view->files, view->file_count, sizeof(*view->files), compare_files);
	return NULL;
}

static struct error *explore_fds(struct view *view)
{
	TRY(read_files(view));
	for (size_t i = 0; i < view->task_count; i++)
		TRY(explore_fds_of(view, view->tasks[i]));
	return NULL;
}

/* ---- mems and rss ---- */

/* What is behind a mapping that has no file. */
static const char *memory_name(const MmEntry *mm, const VmaEntry *mapping)
{
	if (mapping->status & VVAR)
		return "[vvar]";
	if (mapping->status & VDSO)
		return "[vdso]";
	if (mapping->status & VSYSCALL)
		return "[vsyscall]";
	if (mapping->status & AIO_RING)
		return "[aio]";
	if (mapping->status & GUARD)
		return "[guard]";
	if (mapping->status & HEAP)
		return "[heap]";
	if (mapping->start <= mm->mm_start_stack && mm->mm_start_stack < mapping->end)
		return "[stack]";
	return "[anon]";
}

static void print_mapping_name(const struct view *view, const MmEntry *mm, const VmaEntry *mapping)
{
	if (mapping->status & FILE_BACKED) {
		print_file(view, mapping->shmid, FD_TYPES__REG);
		if (mapping->pgoff)
			fprintf(view->stream, " + 0x%lx", mapping->pgoff);
	} else if (mapping->status & (ANONYMOUS_SHARED | SYSVIPC)) {
		fprintf(view->stream, "%s[%lu]", mapping->status & SYSVIPC ? "sysv" : "shmem", mapping->shmid);
	} else {
		fputs(memory_name(mm, mapping), view->stream);
	}
}

static void print_mapping(const struct view *view, const MmEntry *mm, const VmaEntry *mapping)
{
	fprintf(view->stream, "\t%08lx-%08lx %c%c%c%c ", mapping->start, mapping->end, mapping->prot & 1 ? 'r' : '-',
		mapping->prot & 2 ? 'w' : '-', mapping->prot & 4 ? 'x' : '-',
		mapping->flags & MAP_SHARED_BIT ? 's' : 'p');
	print_mapping_name(view, mm, mapping);
	fputc('\n', view->stream);
}

/* NULL for a zombie. */
static struct error *mm_of(struct view *view, const PstreeEntry *task, MmEntry **ret)
{
	CoreEntry *core;

	*ret = NULL;
	TRY(core_of(view, task, &core));
	TRY(print_task(view, task, core));
	if (!core->ids)
		return NULL;
	TRY(image_read_one(view->directory, IMAGE_MM, task->pid, &view->arena, ret));
	return image_complete_mm(view->directory, task->pid, &view->arena, *ret);
}

static struct error *explore_mems(struct view *view)
{
	TRY(read_files(view));
	for (size_t i = 0; i < view->task_count; i++) {
		MmEntry *mm;

		TRY(mm_of(view, view->tasks[i], &mm));
		if (!mm)
			continue;
		fprintf(view->stream, "\t%7s: ", "exe");
		print_file(view, mm->exe_file_id, FD_TYPES__REG);
		fputc('\n', view->stream);
		for (size_t j = 0; j < mm->n_vmas; j++)
			print_mapping(view, mm, mm->vmas[j]);
	}
	return NULL;
}

/* Where in which mapping a range of stored pages lies; a range may cover several. */
static void print_pages(const struct view *view, const MmEntry *mm, const PagemapEntry *entry, size_t *at)
{
	uint64_t pages = entry->has_nr_pages ? entry->nr_pages : entry->compat_nr_pages;
	uint64_t start = entry->vaddr, end = start + pages * PAGE_BYTES;

	fprintf(view->stream, "\t%08lx / %-8lu", start, pages);
	while (*at < mm->n_vmas && mm->vmas[*at]->end <= start)
		++*at;
	for (size_t i = *at; i < mm->n_vmas && mm->vmas[i]->start < end; i++) {
		fputs(i == *at ? " " : ", ", view->stream);
		print_mapping_name(view, mm, mm->vmas[i]);
	}
	fputc('\n', view->stream);
}

static struct error *explore_rss_of(struct view *view, const PstreeEntry *task)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	PagemapEntry *entry;
	PagemapHead *head;
	MmEntry *mm;
	size_t at = 0;

	TRY(mm_of(view, task, &mm));
	if (!mm)
		return NULL;
	TRY(image_open(view->directory, IMAGE_PAGEMAP, task->pid, &reader));
	TRY(image_read_next(reader, &view->arena, &head));
	if (!head)
		return NULL;
	for (;;) {
		TRY(image_read_next(reader, &view->arena, &entry));
		if (!entry)
			return NULL;
		print_pages(view, mm, entry, &at);
	}
}

static struct error *explore_rss(struct view *view)
{
	TRY(read_files(view));
	for (size_t i = 0; i < view->task_count; i++)
		TRY(explore_rss_of(view, view->tasks[i]));
	return NULL;
}

/* ---- the topics ---- */

const struct explore_topic explore_topics[] = {
	{ "ps", "the processes and how they descend" },
	{ "fds", "the descriptors of every process" },
	{ "mems", "the mappings of every process" },
	{ "rss", "the stored pages of every process" },
	{},
};

static struct error *(*const explorers[])(struct view *) = { explore_ps, explore_fds, explore_mems, explore_rss };

struct error *explore(const char *path, const char *what, FILE *stream)
{
	cleanup_view struct view view = { .stream = stream };

	for (size_t i = 0; explore_topics[i].name; i++) {
		if (strcmp(explore_topics[i].name, what))
			continue;
		TRY(image_directory_open(path, NULL, false, &view.directory));
		TRY(image_read_all(view.directory, IMAGE_PSTREE, 0, &view.arena, &view.tasks, &view.task_count));
		if (!view.task_count)
			return fail("%s has no images of processes", path);
		TRY(explorers[i](&view));
		return fflush(stream) ? fail_errno("could not write") : NULL;
	}
	return with_hint(fail("'%s' is nothing to explore", what), "Use one of ps, fds, mems, rss.");
}
