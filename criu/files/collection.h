// SPDX-License-Identifier: GPL-2.0
/* What a dump knows of open files while it collects them. For files/ and sockets/; main only. */
#pragma once

#include "files/kind.h"
#include "support/number_map.h"

struct batch;

/* An open file description that was seen: identified by device, inode, access mode and what a kind knows, then by kcmp. */
struct seen_description {
	dev_t device;
	ino_t inode;
	uint32_t access;
	uint64_t identity;
	pid_t pid; /* a holder: host pid and number, for kcmp */
	int number;
	uint32_t id;
	FdTypes type;
};

/* A file without a descriptor (executable, directory, mapped file). */
struct seen_link {
	dev_t device;
	ino_t inode;
	uint32_t flags, id;
	const char *name;
};

/* A deleted file that is stored. */
struct seen_ghost {
	dev_t device;
	ino_t inode;
	uint32_t ghost_id;
};

/* A program or library whose build id is still to be read. */
struct unidentified_file {
	RegFileEntry *entry;
	int fd;
};

struct file_collection {
	void *descriptions; /* tree of struct seen_description (tsearch) by device, inode, access mode, kcmp order */
	int *borrowed; /* our copies of descriptors, closed by files_release() */
	size_t borrowed_count, borrowed_capacity, borrowed_most; /* most: so many are kept without being held */
	struct seen_link *links;
	size_t link_count, link_capacity;
	struct seen_ghost *ghosts;
	size_t ghost_count, ghost_capacity;
	struct small_ghost *small_ghosts; /* ghost.c */
	size_t small_ghost_count, small_ghost_capacity, small_ghost_bytes;
	struct seen_ghost *relinked; /* files that got a name for the time until the restore; ghost_id is that file's id */
	size_t relinked_count, relinked_capacity;
	struct unidentified_file *unidentified;
	size_t unidentified_count, unidentified_capacity;
	FileEntry **entries; /* in the order of their ids */
	size_t entry_count, entry_capacity;
	RemapFilePathEntry **remaps;
	size_t remap_count, remap_capacity;
	dev_t pipe_device; /* of the file system that pipes are on */
	struct pipe_contents *pipes; /* pipe.c */
	size_t pipe_count, pipe_capacity;
	struct number_map pipes_by_inode, fifos_by_inode;
	int pipe_copy[2], pipe_copy_capacity; /* a pipe for looking into others; capacity 0: not made yet */
	struct bpf_collection *bpf_maps;	/* bpf_map.c */
	struct ring_collection *rings;		/* io_uring/ */
	struct memfd_collection *memfds;	/* memfd.c */
	struct terminal_collection *terminals; /* terminal/ */
	struct queue_collection *queues;	/* sockets/queue.c */
	struct unix_collection *unix_sockets;	/* sockets/unix/ */
	struct options_block *option_blocks;	/* sockets/options.c */
	struct inet_collection *inet_sockets;	/* sockets/inet.h */
	struct signed_sockets *signed_sockets;	/* sockets/tcp_signed.c */
	struct option_collection *options;	/* sockets/more_options.c */
	int held; /* what files_hold() was last called with */
	struct lock_collection *locks;		/* locks.c */
	struct task *own; /* criu itself as a holder of files that travel in queues */
};

/* Every description that was seen. */
void files_visit(struct dump *dump, void (*visit)(const struct seen_description *, void *), void *argument);

/* Recognises a file by its match data; NULL: no kind knows it. link as /proc/PID/fd/N has it. */
const struct file_kind *file_kind_recognise(const struct stat *stat, const char *link, int socket_family,
					    int socket_type, int socket_protocol);
/* The kind that restores entries of a type, or NULL. */
const struct file_kind *file_kind_of_type(FdTypes type);
/* Appends an entry for files.img; type and id are set, the kind's message too if kind is not NULL. */
FileEntry *file_entry_new(struct dump *dump, FdTypes type, uint32_t id);

/* Our copy of a descriptor stays open until the dump ends. Takes it over. */
void files_keep(struct dump *dump, int fd);
/* While a description is dumped: its borrowed copy stays open until the dump ends. */
void files_hold(struct dump *dump, const struct open_fd *fd);
/* A file that no table has, only a socket's queue; fd is ours and kept. *ret_id: that of its description. */
struct error *files_collect_loose(struct dump *dump, int fd, uint32_t *ret_id) must_check;

/* common.c: flags, position, owner, id of a kind's message through its field descriptors. */
struct error *common_dump(struct dump *dump, const struct file_kind *kind, const struct open_fd *fd,
			  FileEntry *entry) must_check;
/* Who gets its signals, for a message of which that is a part. */
struct error *common_dump_owner(struct dump *dump, const struct open_fd *fd, FownEntry **out) must_check;
/* main, plan: checks the owner. */
struct error *common_plan(struct restore *restore, struct planned_file *file) must_check;
/* main, plan: all that is wanted is known. */
void common_plan_late(struct restore *restore, struct planned_file *file);
/* task: what depends on a descriptor's number. */
struct error *common_adopt(const struct planned_file *file, const struct task *task, int number) must_check;
/* newborn: the same by the program of a task with this table, which is not there yet. */
void common_emit_async(const struct restore *restore, const struct planned_file *file, const struct descriptor_table *table,
		       int number, struct batch *program);
/* opener: the flags that fcntl(F_SETFL) knows, owner and signal. Whatever happens to the file may send signals
 * afterwards. */
struct error *common_restore(struct restore *restore, const struct planned_file *file, int fd) must_check;
/* main, last moment: an owner that is a thread. */
struct error *common_finish(const struct restore *restore, const struct planned_file *file, int fd) must_check;
/* The kind's message in an entry, or NULL. */
ProtobufCMessage *file_entry_message(const struct file_kind *kind, const FileEntry *entry);

/* regular.c: fills the entry of a file that has a path; handles deleted ones (ghost.c). stat and
 * link (absolute path) describe the file, fd is any descriptor of it, O_PATH ones too. is_code: note
 * its build id. */
struct error *regular_describe(struct dump *dump, RegFileEntry *entry, int fd, const struct stat *stat,
			       const char *link, bool is_code) must_check;
/* regular.c, restore: opens the path of an entry. flags replace the entry's own when >= 0. */
struct error *regular_open(struct restore *restore, const RegFileEntry *entry, int flags, int *ret_fd) must_check;

/* regular.c: was this file named by --external file[MOUNT:INODE]? Its key, or NULL. */
const char *regular_external_key(struct dump *dump, int fd, const struct stat *stat);

/* message_queue.c: is it one? */
bool message_queue_is(int fd, const struct stat *stat);

/* io_uring/: closes what was opened for looking at rings. */
void rings_release(struct dump *dump);

/* pipe.c: images of its own, at the end; nothing stays open. */
struct error *pipe_write(struct dump *dump) must_check;
