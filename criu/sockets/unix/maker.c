// SPDX-License-Identifier: GPL-2.0
/*
 * maker: what SO_PEERCRED and SO_PEERPIDFD tell. The kernel notes who calls socketpair(), connect() and listen(). So
 * the opener has these calls made by whoever made them before: by the newborn of that number, which it asks over its
 * mailbox, or, where that process has ended, by one that gets its number for this moment. Pairs are made many at a time.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "files/stand_in.h"
#include "model/handover.h"
#include "sockets/unix/maker.h"
#include "sockets/unix/unix.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"

enum { MOST_PAIRS = 120 };

/* Pairs of one maker and type that no socket has taken yet. */
struct pair_stock {
	int ends[2 * MOST_PAIRS];
	size_t count; /* of ends */
};

/* ---- plan ---- */

bool unix_same_maker(const struct unix_maker *a, const struct unix_maker *b)
{
	if (!a->known || !b->known)
		return true;
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid && a->group_count == b->group_count &&
	       (!a->group_count || !memcmp(a->groups, b->groups, a->group_count * sizeof(*a->groups)));
}

static struct unix_maker told_by(const UnixSkEntry *entry)
{
	return (struct unix_maker){ entry->has_peer_pid, (pid_t)entry->peer_pid, entry->peer_uid, entry->peer_gid,
				    entry->peer_groups, entry->n_peer_groups };
}

static struct unix_maker holder_of(const struct restore *restore, const UnixSkEntry *entry)
{
	const struct task *task = entry->has_maker_pid ? snapshot_task(restore->snapshot, entry->maker_pid) : NULL;
	const CredsEntry *creds;

	if (entry->has_maker_uid)
		return (struct unix_maker){ true, (pid_t)entry->maker_pid, entry->maker_uid, entry->maker_gid };
	if (!task || task->state == TASK_DEAD)
		return (struct unix_maker){ 0 };
	creds = task_leader(task)->core->thread_core->creds;
	return (struct unix_maker){ true, task->pid, creds->euid, creds->egid, creds->groups, creds->n_groups };
}

/* Pairs that can be made together are neighbours. */
static int compare(const void *a, const void *b)
{
	const struct planned_socket *x = *(struct planned_socket *const *)a, *y = *(struct planned_socket *const *)b;
	const struct unix_maker *p = &x->told, *q = &y->told;

	if (p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	if (x->entry->type != y->entry->type)
		return x->entry->type < y->entry->type ? -1 : 1;
	if (p->uid != q->uid)
		return p->uid < q->uid ? -1 : 1;
	if (p->gid != q->gid)
		return p->gid < q->gid ? -1 : 1;
	if (p->group_count != q->group_count)
		return p->group_count < q->group_count ? -1 : 1;
	return p->group_count ? memcmp(p->groups, q->groups, p->group_count * sizeof(*p->groups)) : 0;
}

void unix_makers_plan(struct restore *restore, struct unix_plan *plan)
{
	plan->by_maker = arena_array(restore->arena, struct planned_socket *, plan->count);
	for (size_t i = 0; i < plan->count; i++) {
		struct planned_socket *socket = &plan->sockets[i];

		socket->told = told_by(socket->entry);
		socket->own = holder_of(restore, socket->entry);
		if (socket->told.known)
			plan->by_maker[plan->told_count++] = socket;
	}
	qsort(plan->by_maker, plan->told_count, sizeof(*plan->by_maker), compare);
}

/* The first that is not before this one, and, with after set, the first behind all that are like it. */
static size_t place_of(const struct unix_plan *plan, const struct planned_socket *socket, bool after)
{
	size_t low = 0, high = plan->told_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(&plan->by_maker[middle], &socket);

		if (order < 0 || (after && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool unix_needs_pid(const struct restore *restore, pid_t pid)
{
	const struct unix_plan *plan = restore->files ? restore->files->unix_sockets : NULL;
	const struct planned_socket key = { .told = { .pid = pid }, .entry = &(UnixSkEntry){ .type = 0 } };
	size_t place;

	if (!plan)
		return false;
	place = place_of(plan, &key, false); 
	return place < plan->told_count && plan->by_maker[place]->told.pid == pid;
}

bool unix_serves(const struct restore *restore, const struct task *task)
{
	if (task_shares_memory(task)) /* comes later */
		return false;
	return task->state != TASK_DEAD || unix_needs_pid(restore, task->pid);
}

/* ---- the caller ---- */

enum work { WORK_NOTHING, WORK_PAIRS, WORK_LISTEN, WORK_CONNECT };

/* For the maker. Descriptors: none; the listener; the client and maybe the file it connects to. */
struct request {
	uint32_t kind;	/* HANDOVER_REQUEST */
	uint32_t work;
	uint32_t about; /* inode of a socket that is told of the caller, */
	uint32_t own;	/* or whose other end is */
	uint32_t type, count, backlog;
	socklen_t length;
	struct sockaddr_un address;
};

struct answer {
	int32_t reason;	     /* errno of the call; 0: done */
	int32_t credentials; /* errno where the maker's credentials could not be taken */
	uint32_t count;
	int32_t made[2 * MOST_PAIRS]; /* in the caller */
};

static const struct unix_maker *maker_of(const struct planned_socket *socket, bool own)
{
	return own ? &socket->own : &socket->told;
}

static int make_pairs(const struct request *request, struct answer *answer)
{
	for (uint32_t i = 0; i < request->count; i++, answer->count += 2)
		if (socketpair(AF_UNIX, (int)request->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			       &answer->made[answer->count]))
			return -1;
	return 0;
}

static int connect_one(const struct request *request, const int *fds, size_t count)
{
	struct sockaddr_un address = request->address;
	socklen_t length = request->length;

	if (count == 2 && !unix_address_of(NULL, fds[1], &address, &length))
		return -1;
	return connect(fds[0], (struct sockaddr *)&address, length);
}

static void do_work(const struct request *request, const int *fds, size_t count, struct answer *answer)
{
	int result = -1;

	errno = EINVAL;
	if (request->work == WORK_NOTHING)
		result = 0;
	else if (request->work == WORK_PAIRS && request->count <= MOST_PAIRS)
		result = make_pairs(request, answer);
	else if (request->work == WORK_LISTEN && count == 1)
		result = listen(fds[0], (int)request->backlog);
	else if (request->work == WORK_CONNECT && count)
		result = connect_one(request, fds, count);
	answer->reason = result ? errno : 0;
}

/* What a process is before it takes another one's credentials, and what it loses by that. */
struct own_state {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int group_count;
	int death_signal, dumpable;
	pid_t parent;
};

static bool is_like(const struct own_state *own, const struct unix_maker *maker)
{
	return own->uid == maker->uid && own->gid == maker->gid && own->group_count == (int)maker->group_count &&
	       (!own->group_count || !memcmp(own->groups, maker->groups, own->group_count * sizeof(gid_t)));
}

/* Not by the C library, which looks for threads. The file system's user stays, so that every path can be reached. */
static int take_credentials(const struct unix_maker *maker)
{
	if (syscall(SYS_setgroups, maker->group_count, maker->groups) || syscall(SYS_setresgid, -1, maker->gid, -1) ||
	    syscall(SYS_setresuid, -1, maker->uid, -1))
		return errno;
	return 0;
}

static void take_back(const struct own_state *own)
{
	(void)syscall(SYS_setresuid, -1, own->uid, -1);
	(void)syscall(SYS_setresgid, -1, own->gid, -1);
	(void)syscall(SYS_setgroups, own->group_count, own->groups);
	(void)prctl(PR_SET_DUMPABLE, own->dumpable);
	(void)prctl(PR_SET_PDEATHSIG, own->death_signal);
	if (own->death_signal && getppid() != own->parent) /* it has ended meanwhile */
		raise(own->death_signal);
}

static void work_as(const struct unix_maker *maker, const struct request *request, const int *fds, size_t count,
		    struct answer *answer)
{
	cleanup_free gid_t *groups = calloc(getgroups(0, NULL) + 1, sizeof(gid_t));
	struct own_state own = { .uid = geteuid(), .gid = getegid(), .groups = groups, .parent = getppid() };

	own.group_count = groups ? getgroups(getgroups(0, NULL), groups) : -1;
	if (own.group_count < 0 || is_like(&own, maker)) {
		answer->credentials = own.group_count < 0 ? errno : 0;
		do_work(request, fds, count, answer);
		return;
	}
	own.dumpable = prctl(PR_GET_DUMPABLE);
	(void)prctl(PR_GET_PDEATHSIG, &own.death_signal);
	answer->credentials = take_credentials(maker);
	if (request->work == WORK_CONNECT)
		setfsuid(own.uid);
	do_work(request, fds, count, answer);
	take_back(&own);
}

/* ---- a newborn ---- */

static struct error *serve(struct restore *restore, int mailbox)
{
	struct request request;
	struct answer answer = { 0 };
	size_t length = sizeof(request), count = 2;
	const struct planned_socket *about;
	struct error *error;
	int fds[2];

	TRY(receive_descriptors(mailbox, &request, &length, fds, &count));
	about = length == sizeof(request) ? unix_find(restore->files->unix_sockets, request.about) : NULL;
	if (!about)
		return fail("could not understand the opener");
	work_as(maker_of(about, request.own), &request, fds, count, &answer);
	error = send_descriptors(mailbox, &answer, sizeof(answer), answer.made, answer.count);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	for (size_t i = 0; i < answer.count; i++)
		close(answer.made[i]);
	return error;
}

struct error *unix_makers_serve(struct restore *restore, int mailbox)
{
	for (;;) {
		uint32_t kind = 0;
		ssize_t n = recv(mailbox, &kind, sizeof(kind), MSG_PEEK);

		if (n < 0 && errno != EINTR)
			return fail_errno("could not hear from the opener");
		if (n >= 0 && kind != HANDOVER_REQUEST)
			return NULL;
		if (n >= 0)
			TRY(serve(restore, mailbox));
	}
}

/* ---- the opener ---- */

/* Something has come to the hub. Who failed has said why, and ended. */
static struct error *await_message(int hub, const struct task *task, int pidfd)
{
	struct pollfd events[] = { { hub, POLLIN, 0 }, { pidfd, POLLIN, 0 } };

	while (poll(events, 2, -1) < 0)
		if (errno != EINTR)
			return fail_errno("could not hear from process %d", task->pid);
	return events[0].revents ? NULL : fail("process %d ended before it had made its sockets", task->pid);
}

static struct error *receive_answer(struct restore *restore, const struct task *task, int pidfd, struct answer *answer)
{
	size_t length = sizeof(*answer), count = 2 * MOST_PAIRS;
	int made[2 * MOST_PAIRS], hub = restore->files->hub;
	struct sockaddr_un from;
	socklen_t from_length = handover_address(restore, task, &from);

	for (;;) { /* everybody can send to the hub */
		struct sockaddr_un sender = { 0 };
		socklen_t sender_length = sizeof(sender);

		TRY(await_message(hub, task, pidfd));
		if (recvfrom(hub, NULL, 0, MSG_PEEK, (struct sockaddr *)&sender, &sender_length) < 0)
			return fail_errno("could not hear from process %d", task->pid);
		if (sender_length == from_length && !memcmp(&sender, &from, from_length))
			break;
		(void)recv(hub, NULL, 0, 0);
	}
	TRY(receive_descriptors(hub, answer, &length, made, &count));
	if (length != sizeof(*answer) || count != answer->count)
		return fail("could not receive descriptors: %zu of %u arrived", count, answer->count);
	memcpy(answer->made, made, count * sizeof(int));
	return NULL;
}

static struct error *ask_newborn(struct restore *restore, const struct task *task, const struct request *request,
				 const int *fds, size_t count, struct answer *answer)
{
	struct request nothing = { .kind = HANDOVER_REQUEST, .about = request->about };
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, task->pid, 0);
	struct answer ignored;

	if (pidfd < 0)
		return fail_errno("could not open process %d", task->pid);
	TRY(handover_request(restore, task, request, sizeof(*request), fds, count));
	TRY(receive_answer(restore, task, pidfd, answer));
	if (!task->table || task->table->owner == task)
		return NULL;
	/* It must have closed its copies before another process puts descriptors into the table that they share. */
	TRY(handover_request(restore, task, &nothing, sizeof(nothing), NULL, 0));
	return receive_answer(restore, task, pidfd, &ignored);
}

struct job {
	const struct unix_maker *maker;
	const struct request *request;
	const int *fds;
	size_t count;
	struct answer *answer;
};

static void do_job(void *argument)
{
	const struct job *job = argument;

	work_as(job->maker, job->request, job->fds, job->count, job->answer);
}

static struct error *order(struct restore *restore, const struct planned_socket *about, struct request *request,
			   const int *fds, size_t count, struct answer *answer, pid_t *ret_pid)
{
	const struct unix_maker *maker = maker_of(about, request->own);
	const struct task *task = maker->pid ? snapshot_task(restore->snapshot, maker->pid) : NULL;
	struct job job = { maker, request, fds, count, answer };

	*answer = (struct answer){ 0 };
	*ret_pid = maker->pid;
	request->kind = HANDOVER_REQUEST;
	request->about = about->entry->ino;
	if (task && unix_serves(restore, task)) {
		TRY(ask_newborn(restore, task, request, fds, count, answer));
	} else if (!maker->known || !maker->pid || !stand_in_run(maker->pid, do_job, &job)) {
		if (maker->known)
			log_warning("SO_PEERCRED of unix socket %u will not name process %d, which is not in the tree: "
				    "its number cannot be had (%s)",
				    about->entry->ino, maker->pid, strerror(errno));
		*ret_pid = getpid();
		if (maker->known) /* its rights at least: others decide by them */
			work_as(maker, request, fds, count, answer);
		else
			do_work(request, fds, count, answer);
	}
	if (answer->credentials)
		log_warning("SO_PEERCRED of unix socket %u will not name user %u and group %u (%s)", about->entry->ino,
			    maker->uid, maker->gid, strerror(answer->credentials));
	return NULL;
}

static bool belongs_to_pair(const struct planned_socket *socket)
{
	return socket->file->wanted && socket->file->fd < 0 && socket->entry->state == UNIX_ESTABLISHED &&
	       !socket->listener && !socket->by_name && !socket->inherited;
}

/* How many pairs sockets like this one will want, itself included. */
static uint32_t count_pairs(const struct unix_plan *plan, const struct planned_socket *like)
{
	size_t ends = 1;
	uint32_t count = 0;

	if (like->told.known)
		ends = place_of(plan, like, true);
	for (size_t i = like->told.known ? place_of(plan, like, false) : ends; i < ends && count < MOST_PAIRS; i++) {
		const struct planned_socket *socket = plan->by_maker[i], *peer = socket->peer;

		count += belongs_to_pair(socket) &&
			 !(peer && peer < socket && belongs_to_pair(peer) && unix_same_maker(&peer->told, &socket->told));
	}
	return count ?: 1;
}

static struct error *fill_stock(struct restore *restore, struct pair_stock *stock, const struct planned_socket *like)
{
	struct request request = { .work = WORK_PAIRS, .type = like->entry->type };
	cleanup_free struct answer *answer = calloc(1, sizeof(*answer));
	pid_t maker;

	if (!answer)
		return out_of_memory();
	request.count = count_pairs(restore->files->unix_sockets, like);
	TRY(order(restore, like, &request, NULL, 0, answer, &maker));
	stock->count = answer->count;
	memcpy(stock->ends, answer->made, answer->count * sizeof(int));
	return answer->count ? NULL : fail_number(answer->reason, "could not make a pair of unix sockets");
}

/* One for all that are alike: the first of them has it. */
static struct pair_stock *stock_of(struct restore *restore, const struct planned_socket *socket)
{
	struct unix_plan *plan = restore->files->unix_sockets;
	struct pair_stock **stock = socket->told.known ? &plan->by_maker[place_of(plan, socket, false)]->stock : &plan->stock;

	if (!*stock)
		*stock = arena_new(restore->arena, struct pair_stock);
	return *stock;
}

struct error *unix_make_pair(struct restore *restore, const struct planned_socket *socket, int *a, int *b)
{
	struct pair_stock *stock;

	if (!socket->told.known && socket->peer && socket->peer->told.known)
		socket = socket->peer;
	stock = stock_of(restore, socket);
	if (!stock->count)
		TRY(fill_stock(restore, stock, socket));
	*a = stock->ends[--stock->count];
	*b = stock->ends[--stock->count];
	return NULL;
}

struct error *unix_make_listen(struct restore *restore, struct unix_listener *listener,
			       const struct planned_socket *told)
{
	struct request request = { .work = WORK_LISTEN, .backlog = listener->entry->backlog };
	struct answer answer;
	pid_t maker;

	if (listener->listens && unix_same_maker(&listener->maker, &told->told))
		return NULL;
	TRY(order(restore, told, &request, &listener->fd, 1, &answer, &maker));
	listener->listens = true;
	listener->maker = told->told;
	return answer.reason ? fail_number(answer.reason, "could not listen") : NULL;
}

struct error *unix_make_connect(struct restore *restore, const struct planned_socket *about, bool own, int fd, int node,
				const struct sockaddr_un *address, socklen_t length, pid_t *ret_pid)
{
	struct request request = { .work = WORK_CONNECT, .own = own, .length = length, .address = *address };
	int fds[] = { fd, node };
	struct answer answer;

	TRY(order(restore, about, &request, fds, node >= 0 ? 2 : 1, &answer, ret_pid));
	return answer.reason ? fail_number(answer.reason, "could not connect a unix socket") : NULL;
}

void unix_makers_end(struct unix_plan *plan)
{
	for (size_t i = 0; i < plan->told_count; i++) {
		struct pair_stock *stock = plan->by_maker[i]->stock;

		while (stock && stock->count)
			close(stock->ends[--stock->count]);
	}
}
