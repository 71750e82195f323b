// SPDX-License-Identifier: GPL-2.0
/* iptables: rules by iptables-restore, which takes many at once. iptables(8). */
#include "net/iptables.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"

#define NOTES  "/run"
#define PREFIX "criu-network-lock."

enum { NOTE_PATH = 128, HEAD_LINE = 128 };

/* ---- the tool ---- */

static void run_tool(const char *command, int input)
{
	const char *const words[] = { "sh", "-c", command, NULL };
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(input, 0);
	if (nothing >= 0 && log_get_level() < LOG_LEVEL_DEBUG)
		dup2(nothing, 2);
	execv("/bin/sh", (char *const *)words);
	_exit(127);
}

/* A command of the shell with this input. */
static struct error *feed(const char *command, const char *text)
{
	cleanup_fclose FILE *file = tmpfile();
	int status;
	pid_t pid;

	if (!file || fputs(text, file) < 0 || fflush(file) || lseek(fileno(file), 0, SEEK_SET) < 0)
		return fail_errno("could not write rules for %s", command);
	pid = fork();
	if (pid < 0)
		return fail_errno("could not start %s", command);
	if (pid == 0)
		run_tool(command, fileno(file));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno("could not wait for %s", command);
	return WIFEXITED(status) && !WEXITSTATUS(status)
		   ? NULL
		   : with_hint(fail("%s failed (status 0x%x)", command, status),
			       "Use --network-lock nftables, or skip to go without a lock.");
}

/* CR_IPTABLES names another command for the IPv4 rules. */
static const char *tool(bool v4)
{
	const char *own = getenv("CR_IPTABLES");

	return v4 ? own ?: "iptables-restore -w --noflush" : "ip6tables-restore -w --noflush";
}

struct error *iptables_check(void)
{
	return with_hint(feed("command -v iptables-restore", ""),
			 "Install iptables, or use --network-lock nftables.");
}

/* ---- rules ---- */

static void add_rule(FILE *out, char verb, const char *chain, const char *source, unsigned source_port,
		     const char *destination, unsigned destination_port)
{
	fprintf(out,
		"-%c %s --protocol tcp -m mark ! --mark 0x%x --source %s --sport %u --destination %s --dport %u -j DROP\n",
		verb, chain, NETWORK_LOCK_MARK, source, source_port, destination, destination_port);
}

static void add_rules(FILE *out, char verb, const struct locked_connection *connection)
{
	char local[INET6_ADDRSTRLEN] = "", remote[INET6_ADDRSTRLEN] = "";
	unsigned local_port = ntohs(connection->local_port), remote_port = ntohs(connection->remote_port);

	inet_ntop(connection->family, connection->local, local, sizeof(local));
	inet_ntop(connection->family, connection->remote, remote, sizeof(remote));
	add_rule(out, verb, "INPUT", remote, remote_port, local, local_port);
	add_rule(out, verb, "OUTPUT", local, local_port, remote, remote_port);
}

/* NULL where there are no connections of that family. */
static struct error *rules(char verb, bool v4, const struct locked_connection *connections, size_t count, char **text)
{
	cleanup_fclose FILE *out = NULL;
	size_t length, found = 0;

	*text = NULL;
	out = open_memstream(text, &length);
	if (!out)
		return out_of_memory();
	fputs("*filter\n", out);
	for (size_t i = 0; i < count; i++)
		if ((connections[i].family == AF_INET) == v4) {
			add_rules(out, verb, &connections[i]);
			found++;
		}
	fputs("COMMIT\n", out);
	fclose(take_pointer(out));
	if (!found) {
		free(*text);
		*text = NULL;
	}
	return NULL;
}

static struct error *change(char verb, bool v4, const struct locked_connection *connections, size_t count)
{
	cleanup_free char *text = NULL;

	TRY(rules(verb, v4, connections, count, &text));
	return text ? feed(tool(v4), text) : NULL;
}

/* All at once; if some are not there, each by itself. */
static void remove_rules(bool v4, const struct locked_connection *connections, size_t count)
{
	struct error *error = change('D', v4, connections, count);

	if (!error)
		return;
	error_free(error);
	for (size_t i = 0; i < count && count > 1; i++)
		error_free(change('D', v4, &connections[i], 1));
}

/* ---- the note for a later run ---- */

static struct error *namespace_number(uint64_t *number)
{
	struct stat stat_buffer;

	if (stat("/proc/self/ns/net", &stat_buffer))
		return fail_errno("could not examine the network namespace");
	*number = stat_buffer.st_ino;
	return NULL;
}

/* In clock ticks since boot; 0: no such process. */
static unsigned long long start_time(pid_t pid)
{
	cleanup_free char *text = NULL;
	unsigned long long ticks = 0;
	char path[32], *end;
	struct error *error;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	error = read_file_at(AT_FDCWD, path, &text, NULL);
	if (error) {
		error_free(error);
		return 0;
	}
	end = strrchr(text, ')');
	if (end)
		sscanf(end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ticks);
	return ticks;
}

/* A line about the run, then the connections as they are in memory. */
static struct error *leave_note(const struct locked_connection *connections, size_t count, char **ret)
{
	cleanup_close int fd = -1;
	char head[HEAD_LINE] = "";
	uint64_t number = 0;

	TRY(namespace_number(&number));
	if (asprintf(ret, NOTES "/" PREFIX "%d", getpid()) < 0)
		return out_of_memory();
	snprintf(head, sizeof(head), "%d %llu %llu %zu\n", getpid(), start_time(getpid()), (unsigned long long)number,
		 count);
	unlink(*ret);
	fd = open(*ret, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_errno("could not create %s", *ret);
	TRY(write_exactly(fd, head, sizeof(head)));
	return write_exactly(fd, connections, count * sizeof(*connections));
}

/* What is proven to be of a run that has ended, in this namespace. */
static struct error *clean_up_note(const char *path)
{
	cleanup_free struct locked_connection *connections = NULL;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unsigned long long ticks, number;
	char head[HEAD_LINE];
	uint64_t here = 0;
	size_t count;
	struct stat stat_buffer;
	pid_t pid;

	TRY(namespace_number(&here));
	if (fd < 0 || fstat(fd, &stat_buffer) || stat_buffer.st_uid != geteuid() || !S_ISREG(stat_buffer.st_mode))
		return NULL;
	TRY(read_exactly(fd, head, sizeof(head)));
	if (sscanf(head, "%d %llu %llu %zu", &pid, &ticks, &number, &count) != 4 || number != here ||
	    count > (size_t)stat_buffer.st_size / sizeof(*connections) || start_time(pid) == ticks)
		return NULL;
	connections = calloc(count, sizeof(*connections));
	if (!connections)
		return out_of_memory();
	TRY(read_exactly(fd, connections, count * sizeof(*connections)));
	log_info("removing the rules that a run which was killed has left (process %d)", pid);
	return iptables_unlock(connections, count, path);
}

void iptables_clean_up(void)
{
	cleanup_closedir DIR *directory = opendir(NOTES);
	const struct dirent *item;

	while (directory && (item = readdir(directory))) {
		char path[NOTE_PATH];

		if (strncmp(item->d_name, PREFIX, sizeof(PREFIX) - 1))
			continue;
		if (snprintf(path, sizeof(path), NOTES "/%s", item->d_name) < NOTE_PATH)
			error_ignore(clean_up_note(path), "an older network lock");
	}
}

/* ---- the lock ---- */

struct error *iptables_lock(const struct locked_connection *connections, size_t count, char **ret_note)
{
	struct error *error;

	TRY(leave_note(connections, count, ret_note));
	error = change('I', true, connections, count);
	if (!error)
		error = change('I', false, connections, count);
	if (!error)
		return NULL;
	error_ignore(iptables_unlock(connections, count, *ret_note), "unlocking");
	return error;
}

struct error *iptables_unlock(const struct locked_connection *connections, size_t count, const char *note)
{
	remove_rules(true, connections, count);
	remove_rules(false, connections, count);
	iptables_keep(note);
	return NULL;
}

void iptables_keep(const char *note)
{
	if (note)
		unlink(note);
}
