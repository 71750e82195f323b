// SPDX-License-Identifier: GPL-2.0
#include "files/locks.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "image/record.h"
#include "kernel/proc/fdinfo.h"
#include "kernel/proc/locks.h"
#include "kernel/proc/stat.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/options.h"

enum {
	TYPE_BREAKING = 4,		  /* of a lease: added to the type that it is to become */
	FIRST_PID_NAMESPACE = 0xEFFFFFFC, /* its inode number, include/linux/proc_ns.h of the kernel */
};

struct seen_lock {
	FileLockEntry *entry;
	uint32_t file_id;
	uint32_t table_id; /* of a POSIX lock */
	size_t before;	   /* 1 + index of the one before on the same description; 0: none */
};

/* Of a process outside of the tree that may share descriptions with it. */
struct outside_descriptor {
	pid_t pid;
	int number;
	dev_t device;
	ino_t inode;
};

struct lock_collection {
	struct proc_lock *system; /* as /proc/locks has them */
	size_t system_count;
	bool ask_each;	  /* each description is asked for its locks, /proc/locks only when one has some */
	bool system_known;
	bool complete;	  /* /proc/locks has all of them */
	bool any_waiting; /* for one of them */
	int own_fdinfo;	  /* the directory of ours */
	struct number_map inodes;
	struct seen_lock *seen;
	struct number_map last; /* by file id: 1 + index in seen */
	struct outside_descriptor *outside;
	size_t outside_count, outside_capacity;
	pid_t last_outside;
	bool ancestors_noted;
	size_t seen_count, seen_capacity;
};

static const char *kind_name(uint32_t kind)
{
	return kind == LOCK_POSIX   ? "POSIX lock"
	       : kind == LOCK_FLOCK ? "flock lock"
	       : kind == LOCK_OFD   ? "OFD lock"
				    : "lease";
}

/* ---- dump ---- */

/* Reading /proc/locks takes some 10 ms, since the kernel waits until nobody is amid taking a lock: more than to ask some
 * hundred descriptions. */
static bool has_many(const struct snapshot *snapshot)
{
	enum { MANY = 1024 };
	size_t count = 0;

	for (size_t i = 0; i < snapshot->task_count; i++)
		count += snapshot->tasks[i]->number_count;
	return count > MANY;
}

static struct error *read_system(struct dump *dump, struct lock_collection *locks)
{
	if (locks->system_known)
		return NULL;
	locks->system_known = true;
	TRY(proc_locks_read(dump->arena, &locks->system, &locks->system_count));
	for (size_t i = 0; i < locks->system_count; i++) {
		size_t unused;

		locks->any_waiting |= locks->system[i].waits;
		if (!number_map_find(&locks->inodes, locks->system[i].inode, &unused))
			number_map_add(dump->arena, &locks->inodes, locks->system[i].inode, i);
	}
	return NULL;
}

struct error *locks_begin(struct dump *dump)
{
	struct lock_collection *locks = arena_new(dump->arena, struct lock_collection);
	struct stat stat;

	dump->files->locks = locks;
	locks->complete = !fstatat(AT_FDCWD, "/proc/self/ns/pid", &stat, 0) && stat.st_ino == FIRST_PID_NAMESPACE;
	locks->own_fdinfo = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (locks->own_fdinfo < 0)
		return fail_errno("could not open /proc/self/fdinfo");
	files_keep(dump, locks->own_fdinfo);
	locks->ask_each = !has_many(dump->snapshot);
	return locks->ask_each ? NULL : read_system(dump, locks);
}

static bool names(const struct lock_collection *locks, ino_t inode)
{
	size_t unused;

	return number_map_find(&locks->inodes, inode, &unused);
}

static bool on_overlay(int fd, const struct stat *stat)
{
	struct statfs statfs;

	return !major(stat->st_dev) && !fstatfs(fd, &statfs) && statfs.f_type == OVERLAYFS_SUPER_MAGIC;
}

/* Our own fdinfo has the locks of the description. */
static bool says(const struct lock_collection *locks, int fd, const char *word)
{
	char path[16], text[4096];
	cleanup_close int info = -1;
	ssize_t length;

	snprintf(path, sizeof(path), "%d", fd);
	info = openat(locks->own_fdinfo, path, O_RDONLY | O_CLOEXEC);
	length = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (length < 0)
		return false;
	text[length] = '\0';
	return strstr(text, word) != NULL;
}

/* By the file itself: POSIX locks of others are in our way. */
static bool shows_locks(const struct lock_collection *locks, int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return (!fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK) || says(locks, fd, "\nlock:");
}

bool locks_possible(const struct lock_collection *locks, int fd, const struct stat *stat)
{
	if (locks->ask_each)
		return shows_locks(locks, fd);
	if (locks->complete && !locks->system_count)
		return false;
	if (names(locks, stat->st_ino))
		return true;
	if (!S_ISREG(stat->st_mode) && !S_ISDIR(stat->st_mode))
		return false;
	return (!locks->complete || on_overlay(fd, stat)) && shows_locks(locks, fd);
}

bool locks_leased(const struct dump *dump, int fd, ino_t inode)
{
	const struct lock_collection *locks = dump->files->locks;

	/* That of another description would not be in the way: a writer's lease is for a file that nobody else has. */
	if (locks && locks->ask_each)
		return says(locks, fd, " LEASE ");
	for (size_t i = 0; locks && i < locks->system_count; i++)
		if (locks->system[i].kind == LOCK_LEASE && locks->system[i].inode == inode)
			return true;
	return locks && !locks->complete && says(locks, fd, " LEASE ");
}

static const struct task *task_of(const struct dump *dump, pid_t host_pid)
{
	for (size_t i = 0; i < dump->snapshot->task_count; i++)
		if (dump->snapshot->tasks[i]->host_pid == host_pid)
			return dump->snapshot->tasks[i];
	return NULL;
}

static bool same(const struct proc_lock *a, const struct proc_lock *b)
{
	return a->kind == b->kind && a->type == b->type && a->pid == b->pid && a->inode == b->inode &&
	       a->start == b->start && a->length == b->length;
}

/* Those of the tree who waited do so no more: they were interrupted, and will ask again. */
static struct error *check_waiting(struct dump *dump, const struct proc_lock *lock, const char *what)
{
	const struct lock_collection *locks = dump->files->locks;
	size_t i = 0;

	if (!locks->any_waiting)
		return NULL;
	while (i < locks->system_count && (locks->system[i].waits || !same(&locks->system[i], lock)))
		i++;
	for (i++; i < locks->system_count && locks->system[i].waits; i++)
		if (!task_of(dump, locks->system[i].pid))
			return with_hint(
			    fail("process %d outside of the tree waits for the %s on %s", locks->system[i].pid,
				 kind_name(lock->kind), what),
			    "It would get the lock as soon as the tree ends. Dump both together, or wait.");
	return NULL;
}

/* All that a process has open. */
static void note_descriptors(struct dump *dump, struct lock_collection *locks, pid_t pid)
{
	char path[40];
	const struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		struct stat stat;

		if (entry->d_name[0] != '.' && !fstatat(dirfd(directory), entry->d_name, &stat, 0))
			*arena_append(dump->arena, locks->outside, locks->outside_count, locks->outside_capacity) =
			    (struct outside_descriptor){ pid, atoi(entry->d_name), stat.st_dev, stat.st_ino };
	}
	if (directory)
		closedir(directory);
	locks->last_outside = pid;
}

/* Those from whom the tree may have inherited: once. */
static void note_ancestors(struct dump *dump, struct lock_collection *locks)
{
	struct proc_stat stat = { .ppid = snapshot_root(dump->snapshot)->stat->ppid };

	if (locks->ancestors_noted)
		return;
	locks->ancestors_noted = true;
	for (pid_t pid = stat.ppid; pid > 0; pid = stat.ppid) {
		struct error *error = proc_thread_stat_read(pid, pid, dump->arena, &stat);

		if (error) { /* it has ended meanwhile */
			error_free(error);
			return;
		}
		if (pid != getpid())
			note_descriptors(dump, locks, pid);
	}
}

/* The process outside that has this description, among those noted; 0: none. */
static pid_t holder(const struct lock_collection *locks, const struct open_fd *fd)
{
	for (size_t i = 0; i < locks->outside_count; i++) {
		const struct outside_descriptor *other = &locks->outside[i];

		if (other->inode == fd->stat.st_ino && other->device == fd->stat.st_dev &&
		    !syscall(SYS_kcmp, other->pid, fd->task->host_pid, KCMP_FILE, other->number, fd->number))
			return other->pid;
	}
	return 0;
}

/* A lock of a description stays when the tree ends, if somebody else has that description: whoever took the lock, or
 * those from whom the tree may have inherited it. */
static struct error *check_holders(struct dump *dump, const struct proc_lock *lock, const struct open_fd *fd)
{
	struct lock_collection *locks = dump->files->locks;
	pid_t pid;

	if (lock->kind == LOCK_POSIX)
		return NULL;
	note_ancestors(dump, locks);
	if (lock->pid > 0 && lock->pid != locks->last_outside && !task_of(dump, lock->pid))
		note_descriptors(dump, locks, lock->pid);
	pid = holder(locks, fd);
	if (!pid)
		return NULL;
	return with_hint(
	    fail("process %d outside of the tree holds the %s on %s too", pid, kind_name(lock->kind), fd->link),
	    "It would keep the lock when the tree ends. Dump both together, or close the file there.");
}

static bool known(struct lock_collection *locks, const struct seen_lock *new, const struct proc_lock *lock,
		  const struct open_fd *fd)
{
	for (size_t place = new->before; place; place = locks->seen[place - 1].before) {
		struct seen_lock *seen = &locks->seen[place - 1];

		if (seen->table_id != new->table_id || seen->entry->flag != new->entry->flag ||
		    seen->entry->start != new->entry->start || seen->entry->len != new->entry->len)
			continue;
		/* Whoever took it shall take it again. */
		if (lock->pid == fd->task->host_pid) {
			seen->entry->pid = fd->task->pid;
			seen->entry->fd = fd->number;
		}
		return true;
	}
	return false;
}

static void add(struct dump *dump, struct lock_collection *locks, const struct seen_lock *new)
{
	*arena_append(dump->arena, locks->seen, locks->seen_count, locks->seen_capacity) = *new;
	if (new->before)
		number_map_set(&locks->last, new->file_id, locks->seen_count);
	else
		number_map_add(dump->arena, &locks->last, new->file_id, locks->seen_count);
}

static struct error *collect(struct dump *dump, const struct open_fd *fd, uint32_t id, const struct proc_lock *lock)
{
	struct lock_collection *locks = dump->files->locks;
	struct seen_lock new = { .file_id = id, .table_id = lock->kind == LOCK_POSIX ? fd->task->table->id : 0 };
	size_t last;

	if (!dump->criu->options->file_locks)
		return with_hint(fail("%s has a %s", fd->link, kind_name(lock->kind)),
				 "Use --file-locks to save locks and leases, and to take them again at restore.");
	if (number_map_find(&locks->last, id, &last))
		new.before = last;
	new.entry = new_message(dump->arena, file_lock_entry);
	new.entry->flag = lock->kind;
	new.entry->type = lock->type | (lock->breaking ? TYPE_BREAKING : 0);
	new.entry->pid = fd->task->pid;
	new.entry->fd = fd->number;
	new.entry->start = lock->start;
	new.entry->len = lock->length;
	if (known(locks, &new, lock, fd))
		return NULL;
	TRY(check_holders(dump, lock, fd));
	TRY(read_system(dump, locks));
	TRY(check_waiting(dump, lock, fd->link));
	if (fd->task == dump->files->own)
		return with_hint(fail("%s has a %s, and no process has it open: it travels in a socket's queue",
				      fd->link, kind_name(lock->kind)),
				 "Let the receiver take it from the socket before the dump.");
	add(dump, locks, &new);
	return NULL;
}

struct error *locks_collect(struct dump *dump, const struct open_fd *fd, uint32_t id)
{
	cleanup_free char *text = NULL;
	const char *rest, *line;

	TRY(fdinfo_read_of(fd->task->proc_fd, fd->number, &text));
	for (line = text; (line = fdinfo_line(line, "lock", &rest)); line = rest) {
		struct proc_lock lock;

		if (!proc_lock_parse(rest, &lock))
			return with_hint(
			    fail("%s has a lock of an unknown kind: %.*s", fd->link, (int)strcspn(rest, "\n"), rest),
			    "Let the program give it up before the dump.");
		TRY(collect(dump, fd, id, &lock));
	}
	return NULL;
}

struct error *locks_write(struct dump *dump)
{
	const struct lock_collection *locks = dump->files->locks;
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, IMAGE_FILE_LOCKS, 0, &writer));
	for (size_t i = 0; locks && i < locks->seen_count; i++)
		TRY(image_write(writer, &locks->seen[i].entry->base));
	return image_close(take_pointer(writer));
}

/* ---- restore ---- */

struct planned_lock {
	const FileLockEntry *entry;
	const struct task *task;
	const struct planned_file *file;
};

struct lock_plan {
	struct planned_lock *locks;
	size_t count;
};

static struct error *damaged(const FileLockEntry *entry, const char *what)
{
	return fail("the image is damaged: lock on descriptor %d of process %d: %s", entry->fd, entry->pid, what);
}

static struct error *check(const FileLockEntry *entry)
{
	enum { MANDATORY = 32 };
	uint32_t type = entry->type & ~(uint32_t)TYPE_BREAKING;

	if (entry->flag == LOCK_FLOCK && entry->type & MANDATORY)
		return with_hint(fail("descriptor %d of process %d had a mandatory flock lock", entry->fd, entry->pid),
				 "Linux has none since 5.15: the program must do without it.");
	if (entry->flag != LOCK_POSIX && entry->flag != LOCK_FLOCK && entry->flag != LOCK_OFD &&
	    entry->flag != LOCK_LEASE)
		return damaged(entry, "unknown kind");
	if (type > F_UNLCK || (entry->flag != LOCK_LEASE && entry->type > F_WRLCK) ||
	    (type == F_UNLCK && entry->type == type))
		return damaged(entry, "unknown type");
	if (entry->start < 0 || entry->len < 0 || entry->start > INT64_MAX - entry->len)
		return damaged(entry, "no such range");
	return NULL;
}

/* The tables are sorted. */
static const struct planned_file *file_at(const struct restore *restore, const struct descriptor_table *table,
					  int number)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if ((int)table->entries[middle]->fd < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->count || (int)table->entries[low]->fd != number)
		return NULL;
	return planned_file_find(restore, table->entries[low]->id, table->entries[low]->type);
}

static struct error *plan(struct restore *restore, const FileLockEntry *entry, struct planned_lock *out)
{
	TRY(check(entry));
	out->entry = entry;
	out->task = snapshot_task(restore->snapshot, entry->pid);
	if (!out->task || out->task->state == TASK_DEAD || !out->task->table)
		return damaged(entry, "there is no such process");
	out->file = file_at(restore, out->task->table, entry->fd);
	/* The one that closes what is criu's in the table, and with it locks that were taken before. */
	out->task = out->task->table->owner;
	return out->file ? NULL : damaged(entry, "it is not open");
}

struct error *locks_plan(struct restore *restore)
{
	struct lock_plan *locks = restore->files->locks = arena_new(restore->arena, struct lock_plan);
	FileLockEntry **entries;

	TRY(image_read_all(restore->criu->images, IMAGE_FILE_LOCKS, 0, restore->arena, &entries, &locks->count));
	locks->locks = arena_array(restore->arena, struct planned_lock, locks->count);
	for (size_t i = 0; i < locks->count; i++)
		TRY(plan(restore, entries[i], &locks->locks[i]));
	return NULL;
}

static struct flock range_of(const FileLockEntry *entry)
{
	return (
	    struct flock){ .l_type = entry->type, .l_whence = SEEK_SET, .l_start = entry->start, .l_len = entry->len };
}

static struct error *taken(const FileLockEntry *entry, pid_t holder)
{
	struct error *error =
	    fail("the %s on descriptor %d of process %d cannot be taken again: %s", kind_name(entry->flag), entry->fd,
		 entry->pid, holder > 0 ? "another process has one" : "another one is in the way");

	if (holder > 0)
		return with_hint(error, "Process %d has it; wait until it has ended, or end it.", holder);
	return with_hint(error, "/proc/locks shows who has it; wait until that process has ended, or end it.");
}

/* A POSIX lock is the task's own to take: here only, can it? */
static struct error *check_posix(const FileLockEntry *entry, int fd)
{
	struct flock range = range_of(entry);

	if (fcntl(fd, F_GETLK, &range))
		return fail_errno("could not look for locks");
	return range.l_type == F_UNLCK ? NULL : taken(entry, range.l_pid);
}

static struct error *restore_ofd(const FileLockEntry *entry, int fd)
{
	struct flock range = range_of(entry);

	if (!fcntl(fd, F_OFD_SETLK, &range))
		return NULL;
	return errno == EAGAIN || errno == EACCES ? taken(entry, -1) : fail_errno("could not take an OFD lock");
}

static int flock_operation(const FileLockEntry *entry)
{
	return (entry->type == F_WRLCK ? LOCK_EX : LOCK_SH) | LOCK_NB;
}

/* The task takes it itself, so that the kernel notes its number. */
static struct error *check_flock(const FileLockEntry *entry, int fd)
{
	if (flock(fd, flock_operation(entry)))
		return errno == EWOULDBLOCK ? taken(entry, -1) : fail_errno("could not take a flock lock");
	return flock(fd, LOCK_UN) ? fail_errno("could not give up a flock lock") : NULL;
}

/* A lease that its holder has been asked to give up: somebody must want the file again. The signal that this
 * sends has been sent before; it goes to the opener, for the description has no owner yet. */
static struct error *restore_broken_lease(const FileLockEntry *entry, int fd)
{
	uint32_t to = entry->type & ~(uint32_t)TYPE_BREAKING;
	int from = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY && to == F_UNLCK ? F_RDLCK : F_WRLCK;
	cleanup_close int other = -1;
	char path[32];
	sigset_t signals;

	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (fcntl(fd, F_SETLEASE, from))
		return fail_errno("could not take a lease");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, (to == F_RDLCK ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_CLOEXEC);
	if (other < 0 && errno != EWOULDBLOCK)
		return fail_errno("could not break a lease");
	return fcntl(fd, F_SETOWN, 0) ? fail_errno("could not reset the owner of a file") : NULL;
}

static struct error *restore_one(const struct planned_lock *lock)
{
	int fd = lock->file->fd;

	switch (lock->entry->flag) {
	case LOCK_POSIX:
		return check_posix(lock->entry, fd);
	case LOCK_FLOCK:
		return check_flock(lock->entry, fd);
	case LOCK_OFD:
		return restore_ofd(lock->entry, fd);
	default:
		return lock->entry->type & TYPE_BREAKING ? restore_broken_lease(lock->entry, fd) : NULL;
	}
}

struct error *locks_restore(struct restore *restore)
{
	const struct lock_plan *locks = restore->files->locks;

	for (size_t i = 0; i < locks->count; i++)
		TRY(with_context(restore_one(&locks->locks[i]), "cannot restore file %u (%s)",
				 locks->locks[i].file->entry->id, locks->locks[i].file->kind->name));
	return NULL;
}

void locks_emit(struct restore *restore, const struct task *task, struct batch *program)
{
	const struct lock_plan *locks = restore->files->locks;

	for (size_t i = 0; i < locks->count; i++) {
		const FileLockEntry *entry = locks->locks[i].entry;
		struct flock range = range_of(entry);

		if (locks->locks[i].task != task)
			continue;
		if (entry->flag == LOCK_POSIX) {
			size_t data = batch_data(program, &range, sizeof(range));

			batch_call_flags(program, "POSIX lock", SYS_fcntl, REMOTE_DATA(2), entry->fd, F_SETLK, data);
		} else if (entry->flag == LOCK_FLOCK) {
			batch_call(program, "flock lock", SYS_flock, entry->fd, flock_operation(entry));
		} else if (entry->flag == LOCK_LEASE && !(entry->type & TYPE_BREAKING)) {
			batch_call(program, "lease", SYS_fcntl, entry->fd, F_SETLEASE, entry->type);
		}
	}
}
