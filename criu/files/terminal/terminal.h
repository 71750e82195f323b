// SPDX-License-Identifier: GPL-2.0
/*
 * Terminals, inside the family. A pseudo terminal has two ends that are described apart: the
 * master (what a terminal emulator holds) and the slave (what programs run on).
 *
 *   terminal.c  dump: each descriptor; what belongs together, once all are known
 *   state.c     settings, to and from images
 *   input.c     what was written to an end and not read yet
 *   plan.c      restore: where each terminal comes from
 *   make.c      restore: the terminals themselves, made before the first process is born
 *   session.c   restore: sessions take their terminals; foreground groups; the caller's terminal
 */
#pragma once

#include "files/plan.h"

enum {
	SLAVE_MAJOR = 136,
	MASTER_MAJOR = 5,
	MASTER_MINOR = 2,
	/* Numbers in tty_info.id, shifted by one; lowest bit: the master. */
	CONSOLE_INDEX = 1002,
	VIRTUAL_INDEX = 1004,
	CURRENT_INDEX = 1006,
	OUTSIDE_INDEX = 1013,
	CURRENT_DEVICE = 1 << 24, /* /dev/tty that leads to no pseudo terminal */
	OWN_INDEX = 4096, /* numbers of pseudo terminals that do not fit below the others */
};

/* ---- state.c: any process ---- */

/* Settings, window size and exclusive mode of what fd is an end of. */
struct error *terminal_state_read(struct arena *arena, int fd, TtyInfoEntry *out) must_check;
/* Settings only; the locked ones are set too if wanted. The caller must not be stopped by SIGTTOU. */
struct error *terminal_settings_write(int fd, const TtyInfoEntry *info, bool locked) must_check;
struct error *terminal_size_write(int fd, const TtyInfoEntry *info) must_check;
/* Has the window of fd another size than the image says? */
bool terminal_size_differs(int fd, const TtyInfoEntry *info);

/* ---- input.c: any process that has no controlling terminal or another one ---- */

/* Reads what waits at an end and puts it back. other: a descriptor of the other end, or -1. *ret_data is NULL
 * when nothing waits. *ret_stopped, if wanted: is the other end's output held? */
struct error *terminal_input_read(struct arena *arena, int fd, bool master, int other, TtyDataEntry **ret_data,
				  bool *ret_stopped) must_check;
struct error *terminal_input_write(int fd, bool master, int other, const TtyDataEntry *data) must_check;
/* Holds the output of a slave. */
struct error *terminal_stop(int slave) must_check;

/* ---- restore ---- */

enum terminal_source {
	TERMINAL_PAIR,	    /* made anew; the tree has the master, or nobody (hung up) */
	TERMINAL_ORPHAN,    /* made anew; the master goes to the caller */
	TERMINAL_CALLER,    /* criu's own terminal, --shell-job */
	TERMINAL_INHERITED, /* --inherit-fd */
	TERMINAL_DEVICE,    /* a device that is there anyway, by its path */
};

struct planned_terminal {
	const TtyInfoEntry *master, *slave; /* NULL: that end is not in the images */
	enum terminal_source source;
	unsigned index;		/* of a pseudo terminal */
	const char *key;	/* TERMINAL_INHERITED: its name */
	bool by_name;		/* its number must be kept */
	bool master_used;	/* a descriptor of the tree */
	bool slave_used;
	struct task *leader;	/* whose session it controls; NULL: none of the tree */
	int master_fd, slave_fd; /* made in main, at the same numbers in every newborn; -1 */
};

struct terminal_plan {
	struct planned_terminal *items;
	size_t count;
	TtyInfoEntry **infos;
	TtyDataEntry **data;
	size_t info_count, data_count;
	struct planned_file **files; /* every wanted one */
	size_t file_count, file_capacity;
};

/* The slots of the kind, see kind.h. */
struct error *terminal_plan(struct restore *restore, struct planned_file *file) must_check;
struct error *terminal_create(struct restore *restore, struct planned_file *file, int *ret_fd) must_check;
struct error *terminal_fill(struct restore *restore, struct planned_file *file) must_check;

/* plan.c: the entry that describes a file's terminal. */
const TtyInfoEntry *terminal_info(const struct planned_file *file);
struct planned_terminal *terminal_of(const struct restore *restore, const struct planned_file *file);
/* Was the file hung up? */
bool terminal_is_hung_up(const TtyInfoEntry *info);
/* The terminal that controls the session of a task, made or the caller's; NULL: none. */
struct planned_terminal *terminal_of_session(const struct restore *restore, pid_t sid);
