// SPDX-License-Identifier: GPL-2.0
/* SO_PEERCRED, SO_PEERGROUPS, SO_PEERPIDFD: pairs made by this process, by one with other ids, by a parent, a zombie,
 * one that is gone; connections both ways, also through listeners that are closed, and one not accepted yet. */
#include "test.h"

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

enum { USER = 1234, GROUP = 2345, MANY = 300 };

/* What a process that shares our descriptors made. */
static struct made {
	pid_t pid;
	int fds[4], listener;
	struct sockaddr_un address;
} *other, *zombie, *gone;

static void check_told(int fd, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);

	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length));
	check(peer.pid == pid && peer.uid == uid && peer.gid == gid, "%d %d:%d instead of %d %d:%d", peer.pid, peer.uid, peer.gid, pid, uid, gid);
}

static void check_pidfd(int fd, pid_t pid)
{
	char path[64];
	socklen_t length = sizeof(int);
	int pidfd = -1;

	if (!linux_is_at_least(6, 5))
		return;
	if (!check(!getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length)))
		return;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	check_equal(proc_number(path, "Pid", 10), pid);
	check_equal(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0), 0);
	close(pidfd);
}

static void check_groups(int fd, size_t count, const gid_t *groups)
{
	gid_t now[64];
	socklen_t length = sizeof(now);

	must(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, now, &length));
	check(length == count * sizeof(gid_t) && !memcmp(now, groups, length), "%d bytes of groups", (int)length);
}

static void make_pairs(struct made *made)
{
	made->pid = getpid();
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, made->fds));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, made->fds + 2));
}

static void become_other(void)
{
	must(setgroups(3, (gid_t[]){ 11, 22, 33 }));
	must(setegid(GROUP));
	must(seteuid(USER));
}

static pid_t fork_sharing(void)
{
	return must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, NULL, NULL, NULL));
}

static int make_listener(struct sockaddr_un *address, const char *name, int type)
{
	int fd = must(socket(AF_UNIX, type, 0));

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (name[0] == '/' || name[0] == '.')
		strcpy(address->sun_path, name);
	else
		snprintf(address->sun_path + 1, 64, "%s-%d", name, getpid());
	must(bind(fd, (struct sockaddr *)address, sizeof(*address)));
	must(listen(fd, 5));
	return fd;
}

static int connect_to(const struct sockaddr_un *address, int type)
{
	int fd = must(socket(AF_UNIX, type, 0));

	must(connect(fd, (const struct sockaddr *)address, sizeof(*address)));
	return fd;
}

static int listeners[4], servers[4], lost[2], early[2];
static struct sockaddr_un addresses[4], lost_address;
static pid_t parent;

/* Of other ids; it connects before it changes to them, or after. */
static void client(void)
{
	int clients[4], waiting, to_lost;
	struct stat stat;

	for (int i = 0; i < 2; i++)
		clients[i] = connect_to(&addresses[i], i ? SOCK_SEQPACKET : SOCK_STREAM);
	become_other();
	for (int i = 2; i < 4; i++)
		clients[i] = connect_to(&addresses[i], SOCK_STREAM);
	to_lost = connect_to(&lost_address, SOCK_STREAM);
	meet(); /* all these are accepted now */
	waiting = connect_to(&addresses[0], SOCK_STREAM);

	checkpoint();

	for (int i = 0; i < 4; i++) {
		check_told(clients[i], i == 3 ? gone->pid : parent, 0, 0);
		if (i < 3)
			check_pidfd(clients[i], parent);
	}
	check(!fstat(to_lost, &stat) && stat.st_uid == USER);
	check(!fstat(clients[0], &stat) && stat.st_uid == 0);
	check_told(to_lost, parent, 0, 0);
	check_told(waiting, parent, 0, 0);
	check_told(early[0], parent, 0, 0);
	check_pidfd(early[1], parent);
	check_equal(write(waiting, "w", 1), 1);
	check_equal(write(to_lost, "l", 1), 1);
	meet();
}

int main(void)
{
	int many[MANY][2], own[3][2], waiting;
	const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct stat stat;
	pid_t pid;
	char byte;

	other = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	zombie = other + 1;
	gone = other + 2;
	must(setgroups(0, NULL));
	parent = getpid();
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, early));
	for (int i = 0; i < 3; i++)
		must(socketpair(AF_UNIX, types[i], 0, own[i]));
	for (int i = 0; i < MANY; i++)
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, many[i]));
	listeners[0] = make_listener(&addresses[0], "told", SOCK_STREAM);
	listeners[1] = make_listener(&addresses[1], "told", SOCK_SEQPACKET);
	listeners[2] = make_listener(&addresses[2], "./told", SOCK_STREAM);
	lost[0] = make_listener(&lost_address, "lost", SOCK_STREAM);
	must(chmod("told", 0666));
	pid = fork_sharing();
	if (pid == 0) {
		make_pairs(gone);
		gone->listener = make_listener(&gone->address, "gone", SOCK_STREAM);
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
	addresses[3] = gone->address;
	listeners[3] = gone->listener;
	pid = fork_sharing();
	if (pid == 0) {
		make_pairs(zombie);
		_exit(0);
	}
	must(waitid(P_PID, pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT));
	pid = fork_sharing();
	if (pid == 0) {
		become_other();
		make_pairs(other);
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
	pid = participant(client);
	for (int i = 0; i < 4; i++)
		servers[i] = must(accept(listeners[i], NULL, NULL));
	lost[1] = must(accept(lost[0], NULL, NULL));
	must(close(lost[0]));
	meet();

	checkpoint();

	for (int i = 0; i < 6; i++)
		check_told(own[i / 2][i % 2], parent, 0, 0);
	check_groups(own[0][0], 0, NULL);
	check_pidfd(own[1][1], parent);
	for (int i = 0; i < MANY; i++) {
		check_told(many[i][0], parent, 0, 0);
		check(write(many[i][0], "m", 1) == 1 && read(many[i][1], &byte, 1) == 1);
	}
	for (int i = 0; i < 4; i++) {
		check_told(other->fds[i], other->pid, USER, GROUP);
		check(!fstat(other->fds[i], &stat) && stat.st_uid == USER);
		check_told(zombie->fds[i], zombie->pid, 0, 0);
		check_told(gone->fds[i], gone->pid, 0, 0);
		check_told(listeners[i], i == 3 ? gone->pid : parent, 0, 0);
		check_told(servers[i], pid, i < 2 ? 0 : USER, i < 2 ? 0 : GROUP);
		check_pidfd(servers[i], pid);
	}
	check_groups(other->fds[0], 3, (gid_t[]){ 11, 22, 33 });
	check_groups(servers[2], 3, (gid_t[]){ 11, 22, 33 });
	check_groups(servers[0], 0, NULL);
	check_told(lost[1], pid, USER, GROUP);
	check(read(lost[1], &byte, 1) == 1 && byte == 'l');
	waiting = must(accept(listeners[0], NULL, NULL));
	check_told(waiting, pid, USER, GROUP);
	check_pidfd(waiting, pid);
	check(read(waiting, &byte, 1) == 1 && byte == 'w');
	meet();
	check_equal(waitpid(zombie->pid, NULL, WNOHANG), zombie->pid);
	return finish();
}
