// SPDX-License-Identifier: GPL-2.0
/* SO_PEERCRED of sockets made by processes that share one descriptor table: each has made some of them. */
#include "test.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { SHARERS = 3, PAIRS = 20 };

static struct shared {
	pid_t pid;
	int ends[PAIRS][2], listener, client;
} *shared;

static struct sockaddr_un address_of(int i)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path + 1, 64, "sharing-%d-%d", shared[0].pid, i);
	return address;
}

/* The listener of each, and a client of the next one's. */
static void make(struct shared *mine, int i)
{
	struct sockaddr_un own = address_of(i);

	for (int j = 0; j < PAIRS; j++)
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, mine->ends[j]));
	mine->listener = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(mine->listener, (struct sockaddr *)&own, sizeof(own)));
	must(listen(mine->listener, 3));
}

static void connect_to(struct shared *mine, int i)
{
	struct sockaddr_un to = address_of((i + 1) % SHARERS);

	mine->client = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(mine->client, (struct sockaddr *)&to, sizeof(to)));
}

static void check_told(int fd, pid_t pid)
{
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);

	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length));
	check_equal(peer.pid, pid);
}

static void check_all(void)
{
	for (int i = 0; i < SHARERS; i++) {
		for (int j = 0; j < PAIRS; j++)
			check_told(shared[i].ends[j][j % 2], shared[i].pid);
		check_told(shared[i].listener, shared[i].pid);
		check_told(shared[i].client, shared[(i + 1) % SHARERS].pid);
	}
}

int main(void)
{
	int servers[SHARERS];

	shared = mmap(NULL, sizeof(*shared) * SHARERS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared[0].pid = getpid();
	make(&shared[0], 0);
	for (int i = 1; i < SHARERS; i++) {
		pid_t pid = must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, NULL, NULL, NULL));

		if (pid == 0) {
			become_participant();
			shared[i].pid = getpid();
			make(&shared[i], i);
			meet();
			connect_to(&shared[i], i);
			meet();
			checkpoint();
			check_all();
			meet();
			_exit(finish());
		}
		add_participant(pid);
	}
	meet();
	connect_to(&shared[0], 0);
	meet();
	for (int i = 0; i < SHARERS; i++)
		servers[i] = must(accept(shared[i].listener, NULL, NULL));
	checkpoint();
	check_all();
	for (int i = 0; i < SHARERS; i++)
		check_told(servers[i], shared[(i + SHARERS - 1) % SHARERS].pid);
	meet();
	return finish();
}
