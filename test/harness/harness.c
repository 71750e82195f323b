// SPDX-License-Identifier: GPL-2.0
/* The test's side of the harness, see test.h. Talks to the driver through files in the test's directory:
 * at.N.PID (a participant is there), ready.N (all are), go.N (from the driver), failures, checks, done, skipped. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PARTICIPANTS 8192

static struct {
	char directory[PATH_MAX];
	pid_t root;
	bool is_root;
	int round; /* of the next checkpoint */
	int meetings;
	pid_t participants[PARTICIPANTS];
	int participant_count;
	int checks;	 /* after the last checkpoint */
	int failures;
} test;

__attribute__((constructor)) static void start(void)
{
	if (!getcwd(test.directory, sizeof(test.directory)))
		abort();
	test.root = getpid();
	test.is_root = true;
}

const char *test_directory(void)
{
	return test.directory;
}

void set_test_directory(const char *path)
{
	snprintf(test.directory, sizeof(test.directory), "%s", path);
}

static void name_file(char *path, size_t size, const char *format, va_list arguments)
{
	int length = snprintf(path, size, "%s/", test.directory);

	vsnprintf(path + length, size - length, format, arguments);
}

static bool file_exists(const char *format, ...)
{
	char path[PATH_MAX + 64];
	va_list arguments;

	va_start(arguments, format);
	name_file(path, sizeof(path), format, arguments);
	va_end(arguments);
	return access(path, F_OK) == 0;
}

/* Appends a line; the file may be one that several processes write. */
static void leave_line(const char *name, const char *line)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", test.directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
}

/* An empty file. It appears under its name when it is no longer open. */
static void leave_file(const char *format, ...)
{
	char name[64], unfinished[96], from[PATH_MAX + 128], to[PATH_MAX + 128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	snprintf(unfinished, sizeof(unfinished), "new.%d.%s", getpid(), name);
	leave_line(unfinished, "");
	snprintf(from, sizeof(from), "%s/%s", test.directory, unfinished);
	snprintf(to, sizeof(to), "%s/%s", test.directory, name);
	if (rename(from, to) < 0)
		abort();
}

bool check_report(bool holds, const char *file, int line, const char *condition, const char *format, ...)
{
	char text[1024], message[1400];
	va_list arguments;

	__atomic_add_fetch(&test.checks, 1, __ATOMIC_RELAXED);
	if (holds)
		return true;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	snprintf(message, sizeof(message), "%s:%d: pid %d: %s%s%s\n", file, line, getpid(), condition,
		 *text ? ": " : "", text);
	__atomic_add_fetch(&test.failures, 1, __ATOMIC_RELAXED);
	leave_line("failures", message);
	return false;
}

void setup_failed(const char *file, int line, const char *call)
{
	char message[1024];

	snprintf(message, sizeof(message), "%s:%d: pid %d: could not build the state: %s: %s\n", file, line, getpid(),
		 call, strerror(errno));
	leave_line("failures", message);
	_exit(99);
}

void skip(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	leave_line("skipped", text);
	_exit(0);
}

void sleep_milliseconds(int milliseconds)
{
	struct timespec left = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

void become_participant(void)
{
	test.is_root = false;
	test.participant_count = 0;
	test.checks = 0;
	test.failures = 0;
}

void add_participant(pid_t pid)
{
	if (test.participant_count == PARTICIPANTS) {
		errno = ENOSPC;
		setup_failed(__FILE__, __LINE__, "add_participant");
	}
	test.participants[test.participant_count++] = pid;
}

static void leave_count(void)
{
	char line[32];

	snprintf(line, sizeof(line), "%d\n", test.checks);
	leave_line("checks", line);
}

static void await_participants(void);

pid_t participant(void (*body)(void))
{
	pid_t pid = must(fork());

	if (pid == 0) {
		become_participant();
		body();
		await_participants();
		leave_count();
		_exit(test.failures ? 1 : 0);
	}
	add_participant(pid);
	return pid;
}

/* Every participant has left that file (name.number.PID); one that died instead is a failure. */
static void gather_participants(const char *name, int number)
{
	int i;

	for (i = 0; i < test.participant_count; i++) {
		pid_t pid = test.participants[i];

		while (!file_exists("%s.%d.%d", name, number, pid)) {
			char state = process_state(pid);

			if (state == 0 || state == 'Z') {
				errno = ESRCH;
				setup_failed(__FILE__, __LINE__, "participant where it should be");
			}
			sleep_milliseconds(2);
		}
	}
}

void announce(void)
{
	gather_participants("at", test.round);
	if (test.is_root)
		leave_file("ready.%d", test.round);
	else
		leave_file("at.%d.%d", test.round, getpid());
	test.round++;
	test.checks = 0;
}

void meet(void)
{
	int number = test.meetings++;

	gather_participants("meets", number);
	if (test.is_root)
		leave_file("met.%d", number);
	else
		leave_file("meets.%d.%d", number, getpid());
	while (!file_exists("met.%d", number))
		sleep_milliseconds(2);
}

bool released(void)
{
	return file_exists("go.%d", test.round - 1);
}

void wait_until_released(void)
{
	while (!released())
		sleep_milliseconds(5);
}

void checkpoint(void)
{
	announce();
	wait_until_released();
}

static void await_participants(void)
{
	int i, status;

	for (i = 0; i < test.participant_count; i++) {
		pid_t pid = test.participants[i];
		pid_t got;

		do
			got = waitpid(pid, &status, 0);
		while (got < 0 && errno == EINTR);
		if (got == pid) /* else not our child, or the test has waited for it */
			check_report(status == 0, __FILE__, __LINE__, "participant's end", "pid %d: status 0x%x", pid,
				     status);
	}
}

int finish(void)
{
	await_participants();
	leave_count();
	leave_line("done", "done\n");
	return test.failures ? 1 : 0;
}

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

void fill_pattern(void *memory, size_t length, uint64_t seed)
{
	unsigned char *bytes = memory;
	size_t i;

	for (i = 0; i < length; i += sizeof(uint64_t)) {
		uint64_t word = mix(seed ^ i);

		memcpy(bytes + i, &word, length - i < sizeof(word) ? length - i : sizeof(word));
	}
}

ssize_t wrong_byte(const void *memory, size_t length, uint64_t seed)
{
	const unsigned char *bytes = memory;
	size_t i, j;

	for (i = 0; i < length; i += sizeof(uint64_t)) {
		uint64_t word = mix(seed ^ i);
		size_t rest = length - i < sizeof(word) ? length - i : sizeof(word);

		if (memcmp(bytes + i, &word, rest) == 0)
			continue;
		for (j = 0; j < rest; j++)
			if (bytes[i + j] != ((unsigned char *)&word)[j])
				return i + j;
	}
	return -1;
}

static bool next_mapping(FILE *maps, struct test_mapping *mapping)
{
	char line[1024];

	if (!fgets(line, sizeof(line), maps))
		return false;
	mapping->name[0] = 0;
	return sscanf(line, "%lx-%lx %4s %lx %*s %lu %255[^\n]", &mapping->start, &mapping->end, mapping->permissions,
		      &mapping->offset, &mapping->inode, mapping->name) >= 5;
}

bool find_mapping(const void *address, struct test_mapping *mapping)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;

	while (maps && !found && next_mapping(maps, mapping))
		found = mapping->start <= (unsigned long)address && (unsigned long)address < mapping->end;
	if (maps)
		fclose(maps);
	return found;
}

void *find_named_mapping(const char *name)
{
	struct test_mapping mapping;
	FILE *maps = fopen("/proc/self/maps", "re");
	void *found = NULL;

	while (maps && !found && next_mapping(maps, &mapping))
		if (strcmp(mapping.name, name) == 0)
			found = (void *)mapping.start;
	if (maps)
		fclose(maps);
	return found;
}

ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0, got = 1;

	if (fd < 0)
		return -1;
	while (got > 0 && length < (ssize_t)size - 1) {
		got = read(fd, text + length, size - 1 - length);
		if (got > 0)
			length += got;
	}
	close(fd);
	text[length] = 0;
	return length;
}

long long proc_number(const char *path, const char *key, int base)
{
	char text[16384], *line;

	if (read_text(path, text, sizeof(text)) < 0)
		return -1;
	for (line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			return strtoll(line + strlen(key) + 1, NULL, base);
	return -1;
}

char process_state(pid_t pid)
{
	char path[64], text[1024], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_text(path, text, sizeof(text)) < 0)
		return 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

bool linux_is_at_least(int major, int minor)
{
	int found_major = 0, found_minor = 0;
	struct utsname name;

	must(uname(&name));
	sscanf(name.release, "%d.%d", &found_major, &found_minor);
	return found_major > major || (found_major == major && found_minor >= minor);
}

int signal_of_reading(const volatile unsigned char *place)
{
	pid_t pid = must(fork());
	int status;

	if (!pid) {
		(void)*place;
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
