// SPDX-License-Identifier: GPL-2.0
#include "support/log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/file.h"

/* The log sink: the one file-scope variable of the project that changes. */
static struct {
	int fd;
	int level;
	bool open, file;
	pid_t pid;
	struct timespec start;
	char early[1024];
	size_t early_length;
} sink = { .fd = STDERR_FILENO, .level = LOG_LEVEL_WARNING };

static void write_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		data += n;
		length -= n;
	}
}

/* Below the work directory, which others may be able to write to, no symbolic link leads elsewhere. An absolute path
 * is the caller's own: only the file itself must be none. O_NONBLOCK: a FIFO nobody reads is an error at once. */
static int open_log(int directory, const char *path)
{
	int flags = O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = *path == '/' ? open(path, flags, 0600) : open_without_links(directory, path, flags, 0600);

	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

static struct error *explain(const char *path)
{
	struct error *error = fail_errno("could not open the log file %s", path);

	return error->number == ELOOP ? with_hint(error, "Remove the symbolic link, or name another file with --log-file.")
				      : error;
}

struct error *log_open(const char *path, int level)
{
	sink.level = level;
	if (path && strcmp(path, "-")) {
		int fd = open_log(AT_FDCWD, path);

		if (fd < 0)
			return explain(path);
		sink.fd = fd;
		sink.file = true;
	}
	if (path && !strcmp(path, "-"))
		sink.fd = STDOUT_FILENO;
	clock_gettime(CLOCK_MONOTONIC, &sink.start);
	sink.open = true;
	write_all(sink.fd, sink.early, sink.early_length);
	sink.early_length = 0;
	return NULL;
}

bool log_is_open(void)
{
	return sink.open;
}

bool log_is_file(void)
{
	return sink.file;
}

void log_close(void)
{
	if (sink.fd > STDERR_FILENO)
		close(sink.fd);
	sink.fd = STDERR_FILENO;
}

int log_get_level(void)
{
	return sink.level;
}

int *log_descriptor(void)
{
	return &sink.fd;
}

bool log_enabled(enum log_level level)
{
	return !sink.open || (int)level <= sink.level;
}

void log_set_pid_prefix(pid_t pid)
{
	sink.pid = pid;
}

void log_split(int directory, const char *path, pid_t pid)
{
	char name[PATH_MAX];
	int fd = -1;

	if (path && sink.fd > STDERR_FILENO && snprintf(name, sizeof(name), "%s.%d", path, pid) < (int)sizeof(name))
		fd = open_log(directory, name);
	if (fd < 0) {
		log_set_pid_prefix(pid);
		return;
	}
	dup3(fd, sink.fd, O_CLOEXEC); /* at the number that restored descriptors leave free */
	close(fd);
}

static size_t format_prefix(char *line, size_t size, enum log_level level, const char *file, int number)
{
	size_t length = 0;

	if (sink.level >= LOG_LEVEL_INFO && level != LOG_LEVEL_MESSAGE) {
		struct timespec now = sink.start;
		long micros;

		if (sink.open)
			clock_gettime(CLOCK_MONOTONIC, &now);
		micros = (now.tv_sec - sink.start.tv_sec) * 1000000L + (now.tv_nsec - sink.start.tv_nsec) / 1000;
		length += snprintf(line + length, size - length, "(%02ld.%06ld) ", micros / 1000000, micros % 1000000);
	}
	if (sink.pid && level != LOG_LEVEL_MESSAGE)
		length += snprintf(line + length, size - length, "%6d: ", sink.pid);
	if (level == LOG_LEVEL_ERROR)
		length += snprintf(line + length, size - length, "Error (%s:%d): ", file, number);
	else if (level == LOG_LEVEL_WARNING)
		length += snprintf(line + length, size - length, "Warn  (%s:%d): ", file, number);
	return length;
}

void log_write(enum log_level level, const char *file, int number, const char *format, ...)
{
	char line[2048];
	size_t length = format_prefix(line, sizeof(line), level, file, number);
	va_list arguments;
	int n, saved = errno;

	va_start(arguments, format);
	n = vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	va_end(arguments);
	if (n > 0)
		length += (size_t)n < sizeof(line) - length - 1 ? (size_t)n : sizeof(line) - length - 2;
	line[length++] = '\n';
	if (level == LOG_LEVEL_MESSAGE) {
		write_all(STDOUT_FILENO, line, length);
	} else if (sink.open) {
		write_all(sink.fd, line, length);
	} else if (sink.early_length + length <= sizeof(sink.early)) {
		memcpy(sink.early + sink.early_length, line, length);
		sink.early_length += length;
	}
	errno = saved;
}

void log_error_value(const struct error *error)
{
	log_write(LOG_LEVEL_ERROR, "criu", 0, "%s", error->message);
	if (error->detail)
		log_write(LOG_LEVEL_ERROR, "criu", 0, "  %s", error->detail);
	if (error->hint)
		log_write(LOG_LEVEL_ERROR, "criu", 0, "  hint: %s", error->hint);
}
