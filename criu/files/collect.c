// SPDX-License-Identifier: GPL-2.0
/*
 * Collecting open files: each descriptor of a frozen task is borrowed (pidfd_getfd), recognised,
 * and compared with those already known; only a new description is dumped.
 */
#include <fcntl.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "model/context.h"
#include "model/verdict.h"
#include "files/collection.h"
#include "files/files.h"
#include "files/ghost.h"
#include "files/locks.h"
#include "files/memfd.h"
#include "files/validate.h"
#include "image/record.h"
#include "kernel/proc/fdinfo.h"
#include "kernel/proc/mountinfo.h"
#include "support/cleanup.h"
#include "support/file.h"

enum {
	LINK_BYTES = 4096 + 64,
	EXAMINE_STEP = 64,
	EXAMINE_ALONE = 512,
	MAX_BORROWED = 8192,
	OWN_DESCRIPTORS = 256, /* beside the borrowed ones */
};

static struct file_collection *collection(struct dump *dump)
{
	if (!dump->files)
		dump->files = arena_new(dump->arena, struct file_collection);
	return dump->files;
}

uint32_t files_next_id(struct dump *dump)
{
	return ++dump->next_file_id;
}

FileEntry *file_entry_new(struct dump *dump, FdTypes type, uint32_t id)
{
	struct file_collection *files = collection(dump);
	FileEntry *entry = new_message(dump->arena, file_entry);

	entry->type = type;
	entry->id = id;
	*arena_append(dump->arena, files->entries, files->entry_count, files->entry_capacity) = entry;
	return entry;
}

/* ---- before the freeze ---- */

/* The kernel makes a process that has threads wait some 10 ms, each time its table of descriptors grows. */
static void make_room(struct file_collection *files)
{
	struct rlimit limit;
	rlim_t most = MAX_BORROWED + OWN_DESCRIPTORS;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	files->borrowed_most = limit.rlim_cur / 4 < MAX_BORROWED ? limit.rlim_cur / 4 : MAX_BORROWED;
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, (int)(limit.rlim_cur < most ? limit.rlim_cur : most) - 1);
	if (fd >= 0)
		close(fd);
}

static struct error *find_pipe_device(dev_t *device)
{
	cleanup_close int reader = -1, writer = -1;
	struct stat stat;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return fail_errno("could not make a pipe");
	reader = ends[0];
	writer = ends[1];
	if (fstat(reader, &stat))
		return fail_errno("could not examine a pipe");
	*device = stat.st_dev;
	return NULL;
}

struct error *files_prepare(struct dump *dump)
{
	make_room(collection(dump));
	return find_pipe_device(&collection(dump)->pipe_device);
}

/* ---- identity ---- */

static int order_of(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Order among descriptions: device, inode, access mode (which nothing can change), then the kernel's own. */
static int compare(const void *one, const void *other)
{
	const struct seen_description *a = one, *b = other;
	int order = order_of(a->device, b->device);
	long kernels;

	if (!order)
		order = order_of(a->inode, b->inode);
	if (!order)
		order = order_of(a->access, b->access);
	if (!order)
		order = order_of(a->identity, b->identity);
	if (order)
		return order;
	kernels = syscall(SYS_kcmp, a->pid, b->pid, KCMP_FILE, a->number, b->number);
	return kernels == 0 ? 0 : kernels == 1 ? -1 : 1;
}

/* The description; one that was not seen before is new in the tree and has no id yet. NULL: no memory. */
static struct seen_description *find(struct dump *dump, const struct open_fd *fd)
{
	struct seen_description *wanted = arena_new(dump->arena, struct seen_description), **node;

	*wanted = (struct seen_description){ .device = fd->stat.st_dev,
					     .inode = fd->stat.st_ino,
					     .access = fd->flags & O_ACCMODE,
					     .identity = fd->identity,
					     .pid = fd->task->host_pid,
					     .number = fd->number };
	node = tsearch(wanted, &dump->files->descriptions, compare);
	return node ? *node : NULL;
}

struct visit {
	void (*visit)(const struct seen_description *, void *);
	void *argument;
};

static void visit_node(const void *node, VISIT order, void *argument)
{
	const struct visit *visit = argument;

	if (order == postorder || order == leaf)
		visit->visit(*(const struct seen_description *const *)node, visit->argument);
}

void files_visit(struct dump *dump, void (*visit)(const struct seen_description *, void *), void *argument)
{
	twalk_r(dump->files->descriptions, visit_node, &(struct visit){ visit, argument });
}

/* ---- one descriptor ---- */

/* The name by which a file can be left to others. */
static struct error *refuse_device(const struct open_fd *fd)
{
	struct statx more;

	if (statx(fd->fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &more))
		return fail_errno("could not examine %s", fd->link);
	return with_hint(fail("%s is a device (%s %u:%u) whose state cannot be saved", fd->link,
			      S_ISCHR(fd->stat.st_mode) ? "character" : "block", major(fd->stat.st_rdev),
			      minor(fd->stat.st_rdev)),
			 "Close it before the dump, or use --external file[%llx:%lx] and give the device open to the "
			 "restore: --inherit-fd fd[N]:file[%llx:%lx].",
			 (unsigned long long)more.stx_mnt_id, fd->stat.st_ino, (unsigned long long)more.stx_mnt_id,
			 fd->stat.st_ino);
}

static struct error *refuse(const struct file_kind *kind, const struct open_fd *fd)
{
	if (!kind && (S_ISCHR(fd->stat.st_mode) || S_ISBLK(fd->stat.st_mode)))
		return refuse_device(fd);
	if (!kind)
		return with_hint(fail("%s is of an unknown kind", fd->link), "Close it before the dump.");
	return with_hint(fail("%s %s", fd->link, kind->unsupported), "%s", kind->hint);
}

static const struct file_kind *recognise(struct open_fd *fd)
{
	socklen_t length = sizeof(int);

	/* A handle of a path, whatever is there. A FIFO's has the same entries as an open one. */
	if (fd->flags & O_PATH && !S_ISFIFO(fd->stat.st_mode))
		return fd->link[0] == '/' ? &regular_kind : NULL;
	if (S_ISSOCK(fd->stat.st_mode)) {
		getsockopt(fd->fd, SOL_SOCKET, SO_DOMAIN, &fd->socket_family, &length);
		getsockopt(fd->fd, SOL_SOCKET, SO_TYPE, &fd->socket_type, &length);
		getsockopt(fd->fd, SOL_SOCKET, SO_PROTOCOL, &fd->socket_protocol, &length);
	}
	/* Its link and mode are those of a file in a root directory. */
	if (message_queue_is(fd->fd, &fd->stat))
		return &message_queue_kind;
	return file_kind_recognise(&fd->stat, fd->link, fd->socket_family, fd->socket_type, fd->socket_protocol);
}

/* open_tree(2) and fsmount(2) give a mount that may be nowhere; its link is that of a root directory. */
static struct error *check_attached(struct dump *dump, const struct open_fd *fd)
{
	struct mount_line *mounts;
	struct statx more;
	size_t count;

	if (!(fd->flags & O_PATH) || strcmp(fd->link, "/") || statx(fd->fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &more))
		return NULL;
	TRY(mountinfo_read(fd->task->proc_fd, dump->arena, &mounts, &count));
	if (mountinfo_find(mounts, count, more.stx_mnt_id))
		return NULL;
	return with_hint(fail("the descriptor is a mount that is not attached (open_tree, fsmount), which cannot be saved"),
			 "Attach it (move_mount) and close the descriptor before the dump.");
}

static struct error *dump_new(struct dump *dump, struct open_fd *fd, FdTypes *type)
{
	bool external = regular_external_key(dump, fd->fd, &fd->stat) != NULL;
	const struct file_kind *kind = external ? &regular_kind : recognise(fd);
	FileEntry *entry;

	if (!kind || kind->unsupported)
		return refuse(kind, fd);
	TRY(check_attached(dump, fd));
	fd->id = files_next_id(dump);
	entry = file_entry_new(dump, kind->type, fd->id);
	TRY(kind->dump(dump, fd, entry));
	*type = kind->type;
	return file_entry_message(kind, entry) ? common_dump(dump, kind, fd, entry) : NULL;
}

/* Through our own copy: the task's /proc directory would ask for the right to trace it each time. */
static struct error *read_link(int fd, int flags, const struct stat *stat, dev_t pipe_device, char **link)
{
	char path[32], text[LINK_BYTES];
	ssize_t length;

	/* Of these the text says no more than the inode number; a handle of a socket's name has a path. */
	if (!(flags & O_PATH) &&
	    (S_ISSOCK(stat->st_mode) || (S_ISFIFO(stat->st_mode) && stat->st_dev == pipe_device))) {
		const char *name = S_ISSOCK(stat->st_mode) ? "socket" : "pipe";

		return asprintf(link, "%s:[%lu]", name, stat->st_ino) < 0 ? out_of_memory() : NULL;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, text, sizeof(text) - 1);
	if (length < 0)
		return fail_errno("could not read the link %s", path);
	text[length] = '\0';
	*link = strdup(text);
	return *link ? NULL : out_of_memory();
}

/* ---- what the kernel tells of each descriptor: gathered by several threads ---- */

struct examined {
	struct open_fd fd; /* fd.link and fd.info are malloc'ed */
	char *link, *info;
	bool close_on_exec, held, maybe_locked;
	struct error *error;
};

/* All that have no inode of their own would be compared with each other. An eventfd has a number (Linux 5.2), and no
 * second description. */
static struct error *identify(struct examined *out)
{
	const char *rest;

	if (strcmp(out->link, "anon_inode:[eventfd]"))
		return NULL;
	TRY(fdinfo_read(out->fd.fd, &out->info));
	out->fd.info = out->info;
	if (fdinfo_line(out->info, "eventfd-id", &rest) && atoll(rest) >= 0)
		out->fd.identity = atoll(rest) + 1;
	return NULL;
}

static struct error *examine(const struct task *task, const struct file_collection *files, struct examined *out)
{
	struct f_owner_ex owner;
	int flags;

	out->fd.fd = syscall(SYS_pidfd_getfd, task->pidfd, out->fd.number, 0);
	if (out->fd.fd < 0)
		return with_hint(fail_errno("could not borrow it"),
				 "Raise the limit of open files (ulimit -n) for criu.");
	if (fstat(out->fd.fd, &out->fd.stat))
		return fail_errno("could not examine it");
	flags = fcntl(out->fd.fd, F_GETFL);
	if (flags < 0)
		return fail_errno("could not read its flags");
	TRY(read_link(out->fd.fd, flags, &out->fd.stat, files->pipe_device, &out->link));
	out->fd.link = out->link;
	out->fd.flags = flags;
	out->fd.unowned = !fcntl(out->fd.fd, F_GETOWN_EX, &owner) && !owner.pid;
	TRY(identify(out));
	out->maybe_locked = !(flags & O_PATH) && locks_possible(files->locks, out->fd.fd, &out->fd.stat);
	return NULL;
}

struct examination {
	const struct task *task;
	const struct file_collection *files;
	struct examined *items;
	size_t count, next; /* next: atomic */
};

static void *examine_some(void *argument)
{
	struct examination *all = argument;
	size_t start;

	while ((start = __atomic_fetch_add(&all->next, EXAMINE_STEP, __ATOMIC_RELAXED)) < all->count)
		for (size_t i = start; i < all->count && i < start + EXAMINE_STEP; i++)
			all->items[i].error = examine(all->task, all->files, &all->items[i]);
	return NULL;
}

/* A second thread pays from some hundred descriptors on. */
static void examine_all(struct examination *all)
{
	pthread_t helper;
	bool helped = all->count > EXAMINE_ALONE && sysconf(_SC_NPROCESSORS_ONLN) > 1 &&
		      !pthread_create(&helper, NULL, examine_some, all);

	examine_some(all);
	if (helped)
		pthread_join(helper, NULL);
}

/* The description of a descriptor: one that is known, or a new one. */
static struct error *collect_description(struct dump *dump, struct examined *examined, FdinfoEntry *out)
{
	struct file_collection *files = collection(dump);
	struct open_fd *fd = &examined->fd;
	struct seen_description *description;

	description = find(dump, fd);
	if (!description)
		return out_of_memory();
	if (!description->id) {
		files->held = -1;
		TRY(dump_new(dump, fd, &description->type));
		description->id = fd->id;
		examined->held = files->held == fd->fd;
	}
	out->id = description->id;
	out->type = description->type;
	return NULL;
}

static struct error *collect_descriptor(struct dump *dump, struct task *task, struct examined *examined,
					FdinfoEntry *out)
{
	TRY(take_pointer(examined->error));
	out->fd = examined->fd.number;
	out->flags = examined->close_on_exec ? FD_CLOEXEC : 0;
	TRY(collect_description(dump, examined, out));
	return examined->maybe_locked ? locks_collect(dump, &examined->fd, out->id) : NULL;
}

/* Our copies are closed when the tree runs again, unless there are so many that it cannot wait. */
static void keep_for_later(struct dump *dump, struct examined *items, size_t count)
{
	struct file_collection *files = dump->files;

	for (size_t i = 0; i < count; i++) {
		free(items[i].link);
		free(items[i].info);
		error_free(items[i].error);
		if (items[i].held || (items[i].fd.fd >= 0 && files->borrowed_count < files->borrowed_most))
			files_keep(dump, items[i].fd.fd);
		else if (items[i].fd.fd >= 0)
			close(items[i].fd.fd);
	}
}

static struct error *collect_all(struct dump *dump, struct task *task, struct examination *all)
{
	struct descriptor_table *table = task->table;

	for (size_t i = 0; i < all->count; i++) {
		FdinfoEntry *entry = new_message(dump->arena, fdinfo_entry);

		TRY(verdict(dump, verdict_mark(dump), collect_descriptor(dump, task, &all->items[i], entry),
			    "descriptor %d", all->items[i].fd.number));
		table->entries[table->count++] = entry;
	}
	return NULL;
}

struct error *files_collect(struct dump *dump, struct task *task)
{
	struct examination all = { .task = task };
	struct error *error;

	all.files = collection(dump);
	if (!dump->files->locks)
		TRY(locks_begin(dump));
	all.count = task->number_count;
	task->table->entries = arena_array(dump->arena, FdinfoEntry *, all.count);
	all.items = arena_array(dump->arena, struct examined, all.count);
	for (size_t i = 0; i < all.count; i++)
		all.items[i] = (struct examined){ .fd = { .task = task, .number = task->numbers[i], .fd = -1 },
						  .close_on_exec = task->close_on_exec[i] };
	examine_all(&all);
	error = collect_all(dump, task, &all);
	keep_for_later(dump, all.items, all.count);
	return error;
}

/* ---- files that travel in a socket's queue ---- */

void files_keep(struct dump *dump, int fd)
{
	struct file_collection *files = collection(dump);

	*arena_append(dump->arena, files->borrowed, files->borrowed_count, files->borrowed_capacity) = fd;
}

void files_hold(struct dump *dump, const struct open_fd *fd)
{
	collection(dump)->held = fd->fd;
}

/* criu itself, as far as kinds ask about a holder. */
static struct error *own_task(struct dump *dump, struct task **ret)
{
	struct file_collection *files = collection(dump);

	if (!files->own) {
		files->own = arena_new(dump->arena, struct task);
		files->own->ids = snapshot_root(dump->snapshot)->ids;
		files->own->pid = files->own->host_pid = getpid();
		files->own->pidfd = -1;
		files->own->proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (files->own->proc_fd < 0)
			return fail_errno("could not open /proc/self");
		files_keep(dump, files->own->proc_fd);
	}
	*ret = files->own;
	return NULL;
}

static struct error *describe_loose(struct dump *dump, struct open_fd *fd, char **link)
{
	int flags = fcntl(fd->fd, F_GETFL);

	TRY(own_task(dump, &fd->task));
	if (flags < 0 || fstat(fd->fd, &fd->stat))
		return fail_errno("could not examine it");
	fd->flags = flags;
	TRY(read_link(fd->fd, flags, &fd->stat, collection(dump)->pipe_device, link));
	fd->link = *link;
	return NULL;
}

struct error *files_collect_loose(struct dump *dump, int fd, uint32_t *ret_id)
{
	struct examined examined = { .fd = { .number = fd, .fd = fd } };
	cleanup_free char *link = NULL, *info = NULL;
	FdinfoEntry entry;

	fdinfo_entry__init(&entry);
	TRY(describe_loose(dump, &examined.fd, &link));
	examined.link = link;
	TRY(identify(&examined));
	info = examined.info;
	examined.maybe_locked = locks_possible(dump->files->locks, fd, &examined.fd.stat);
	TRY(collect_descriptor(dump, examined.fd.task, &examined, &entry));
	*ret_id = entry.id;
	return NULL;
}

/* ---- files without a descriptor ---- */

static void note_link(struct dump *dump, const struct stat *stat, uint32_t flags, uint32_t id, const char *name)
{
	struct file_collection *files = dump->files;

	*arena_append(dump->arena, files->links, files->link_count, files->link_capacity) = (struct seen_link){
		.device = stat->st_dev,
		.inode = stat->st_ino,
		.flags = flags,
		.id = id,
		.name = arena_string(dump->arena, name),
	};
}

struct error *files_register_link(struct dump *dump, struct task *task, const char *link, uint32_t flags,
				  uint32_t *ret_id)
{
	struct file_collection *files = collection(dump);
	cleanup_close int fd = openat(task->proc_fd, link, O_PATH | O_CLOEXEC);
	char name[LINK_BYTES];
	ssize_t length = readlinkat(task->proc_fd, link, name, sizeof(name) - 1);
	RegFileEntry *entry;
	struct stat stat;

	if (fd < 0 || length < 0 || fstat(fd, &stat))
		return fail_errno("could not examine %s", link);
	name[length] = '\0';
	for (size_t i = 0; i < files->link_count; i++) {
		const struct seen_link *seen = &files->links[i];

		if (seen->inode == stat.st_ino && seen->device == stat.st_dev && seen->flags == flags &&
		    !strcmp(seen->name, name)) {
			*ret_id = seen->id;
			return NULL;
		}
	}
	if (memfd_is_link(name)) {
		TRY(memfd_register(dump, fd, &stat, name, flags, ret_id));
		note_link(dump, &stat, flags, *ret_id, name);
		return NULL;
	}
	*ret_id = files_next_id(dump);
	entry = new_message(dump->arena, reg_file_entry);
	entry->id = *ret_id;
	entry->flags = flags;
	entry->fown = new_message(dump->arena, fown_entry);
	TRY(with_context(regular_describe(dump, entry, fd, &stat, name, true), "%s", name));
	file_entry_new(dump, FD_TYPES__REG, *ret_id)->reg = entry;
	note_link(dump, &stat, flags, *ret_id, name);
	return NULL;
}

static const struct file_kind *const kinds[] = {
#define FILE_KIND(name) &name##_kind,
#include "files/kinds.h"
#undef FILE_KIND
};

struct error *files_collect_late(struct dump *dump)
{
	collection(dump);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i]->dump_late)
			TRY(verdict(dump, verdict_mark(dump), kinds[i]->dump_late(dump), NULL));
	return NULL;
}

/* ---- writing ---- */

static struct error *write_tables(struct dump *dump)
{
	for (size_t i = 0; i < dump->snapshot->table_count; i++) {
		const struct descriptor_table *table = dump->snapshot->tables[i];
		cleanup_image_writer struct image_writer *writer = NULL;

		TRY(image_create(dump->criu->images, IMAGE_FDINFO, table->id, &writer));
		for (size_t j = 0; j < table->count; j++)
			TRY(image_write(writer, &table->entries[j]->base));
		TRY(image_close(take_pointer(writer)));
	}
	return NULL;
}

static struct error *write_list(struct dump *dump, enum image_id image, void *entries, size_t count)
{
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, image, 0, &writer));
	for (size_t i = 0; i < count; i++)
		TRY(image_write(writer, ((ProtobufCMessage **)entries)[i]));
	return image_close(take_pointer(writer));
}

struct error *files_write(struct dump *dump)
{
	struct file_collection *files = dump->files;

	TRY(validate_dump_all(dump));
	TRY(write_list(dump, IMAGE_FILES, files->entries, files->entry_count));
	TRY(write_list(dump, IMAGE_REMAP_PATHS, files->remaps, files->remap_count));
	TRY(pipe_write(dump));
	TRY(memfd_write(dump));
	TRY(locks_write(dump));
	TRY(ghost_write(dump));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i]->write)
			TRY(kinds[i]->write(dump));
	return write_tables(dump);
}

/* The tree's keys are the arena's. */
static void keep_arena(void *description)
{
}

void files_release(struct dump *dump)
{
	for (size_t i = 0; dump->files && i < dump->files->borrowed_count; i++)
		close(dump->files->borrowed[i]);
	if (dump->files)
		tdestroy(dump->files->descriptions, keep_arena);
	rings_release(dump);
}
