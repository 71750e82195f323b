// SPDX-License-Identifier: GPL-2.0
/*
 * What a test program needs. A test is an ordinary program: it builds some state, calls
 * checkpoint(), and checks that the state is still there. The driver (test/run) decides what
 * happens at the checkpoint: dump and restore, dump and run on, or two cycles in a row.
 *
 * The program starts in a directory of its own, as leader of a new session, with /dev/null as
 * input and a file as output. Across a checkpoint the harness holds nothing open: it leaves
 * small files in that directory and looks for others.
 *
 * Comments in a test's source tell the driver more:
 *   // options: --shell-job          further options of dump and restore
 *   // dump-options: ...             of dump only;  // restore-options: ...  of restore only
 *   // modes: cycle twice            instead of: cycle leave-running twice
 *   // refused: text                 dump must fail with the text and a hint, and nothing may change
 *   // terminal: yes                 run under a terminal whose session the driver leads
 *   // terminals: own                its pseudo terminals are in an instance of devpts of its own
 *   // differs: regex                lines of the driver's own comparison that may change; .* for a tree that never stands still
 *   // todo: what is missing       not built yet: failing is expected after a restore, passing is a failure
 *   // timeout: 120                  seconds
 *   // link: -lrt                    further arguments for the compiler, behind the source
 *   // compiler: -m32                and before it
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The point at which the tree is saved. Returns when the driver says go on. In the root it
 * first waits until every participant is at its own checkpoint. May be called several times. */
void checkpoint(void);

/* The two halves of a participant's checkpoint, for processes that must not be inside
 * checkpoint() while they are saved: say "I am where I should be"; has the driver said go on? */
void announce(void);
bool released(void);
/* Polls released(); checkpoint() of a participant is announce() and wait_until_released(). */
void wait_until_released(void);

/* All processes of the test wait for each other here; nothing else happens. */
void meet(void);

/* Forks a process that takes part: body builds state, calls checkpoint(), checks and returns. */
pid_t participant(void (*body)(void));
/* For processes made in other ways (clone, a double fork): the pid is a participant, and
 * in the process itself, first: become_participant(). Not waited for if not our child. */
void add_participant(pid_t pid);
void become_participant(void);

/* Ends a test: waits for the participants, leaves the result. Use: return finish(); */
int finish(void);

/* Ends a test that cannot run on this machine, before any checkpoint. */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The signal that ends a process which reads this byte (a child of ours tries); 0: none. */
int signal_of_reading(const volatile unsigned char *place);

/* A fact that must hold; a failure is reported and the test goes on. The text is optional. */
#define check(condition, ...) check_report(condition, __FILE__, __LINE__, #condition, "" __VA_ARGS__)
bool check_report(bool holds, const char *file, int line, const char *condition, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
#define check_equal(actual, expected)                                                                       \
	do {                                                                                                \
		long long actual_ = (long long)(actual), expected_ = (long long)(expected);                 \
		check_report(actual_ == expected_, __FILE__, __LINE__, #actual " == " #expected,            \
			     "%lld instead of %lld", actual_, expected_);                                   \
	} while (0)

/* Something needed to build the state; its failure ends the test. Value: that of the call. */
#define must(call)                                                       \
	({                                                               \
		typeof(call) must_ = (call);                             \
		if ((long)must_ == -1L)                                  \
			setup_failed(__FILE__, __LINE__, #call);         \
		must_;                                                   \
	})
void setup_failed(const char *file, int line, const char *call) __attribute__((noreturn));

/* The directory that the test runs in, absolute; must be told anew after chroot(). */
const char *test_directory(void);
void set_test_directory(const char *path);

/* Sleeps, and nothing else; not interrupted by signals. */
void sleep_milliseconds(int milliseconds);
/* Waits until a condition holds, ten seconds at most; then the test has failed to build its state. */
#define wait_for(condition)                                                              \
	do {                                                                             \
		int tries_ = 0;                                                          \
		while (!(condition)) {                                                   \
			if (tries_++ == 5000)                                            \
				setup_failed(__FILE__, __LINE__, "wait for " #condition); \
			sleep_milliseconds(2);                                           \
		}                                                                        \
	} while (0)

/* Memory filled with a pattern that depends on the seed and the place; the first wrong byte, or -1. */
void fill_pattern(void *memory, size_t length, uint64_t seed);
ssize_t wrong_byte(const void *memory, size_t length, uint64_t seed);
#define check_pattern(memory, length, seed) check_equal(wrong_byte(memory, length, seed), -1)

/* A line of /proc/self/maps. */
struct test_mapping {
	unsigned long start, end, offset, inode;
	char permissions[5];
	char name[256];
};
/* The mapping that holds the address; false: none does. */
bool find_mapping(const void *address, struct test_mapping *mapping);
/* The start of the mapping of that name, NULL if there is none. */
void *find_named_mapping(const char *name);

/* A number after "key" in a file such as /proc/self/status (base 16 where it starts so); -1: absent. */
long long proc_number(const char *path, const char *key, int base);
/* Is this kernel of that version or newer? */
bool linux_is_at_least(int major, int minor);
/* The state letter of a process, or 0. */
char process_state(pid_t pid);
/* A whole small file as text; at most size - 1 bytes. Returns the length, -1 if unreadable. */
ssize_t read_text(const char *path, char *text, size_t size);
