// SPDX-License-Identifier: GPL-2.0
/*
 * System calls that wait are visited again and again while they wait, and must not notice:
 * they go on waiting, end when they should, and never return EINTR.
 */
#include "check.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <linux/futex.h>

/* What target and test share. */
struct scene {
	int fds[2]; /* a pipe that exists before the fork */
	volatile int ready;
	volatile uint32_t word;
	volatile long result;
	volatile int error;
	volatile double elapsed;
	int identifier; /* of a System V object */
	long (*call)(struct scene *);
};

static const struct timespec limit = { .tv_nsec = 400000000 };

static long call_nanosleep(struct scene *scene)
{
	return nanosleep(&limit, NULL);
}

static long call_clock_nanosleep(struct scene *scene)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += limit.tv_nsec;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

static long call_poll(struct scene *scene)
{
	struct pollfd pollfd = { scene->fds[0], POLLIN, 0 };

	return poll(&pollfd, 1, 400);
}

static long call_ppoll(struct scene *scene)
{
	struct pollfd pollfd = { scene->fds[0], POLLIN, 0 };
	sigset_t none;

	sigemptyset(&none);
	return ppoll(&pollfd, 1, &limit, &none);
}

static long call_select(struct scene *scene)
{
	struct timeval time = { .tv_usec = 400000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(scene->fds[0], &set);
	return select(scene->fds[0] + 1, &set, NULL, NULL, &time);
}

static long call_futex(struct scene *scene)
{
	return syscall(SYS_futex, &scene->word, FUTEX_WAIT, 0, &limit, NULL, 0);
}

static long call_futex_for_ever(struct scene *scene)
{
	return syscall(SYS_futex, &scene->word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static long call_read(struct scene *scene)
{
	char byte;

	return read(scene->fds[0], &byte, 1);
}

static int epoll_of(const struct scene *scene)
{
	int epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };

	epoll_ctl(epoll, EPOLL_CTL_ADD, scene->fds[0], &event);
	return epoll;
}

static long call_epoll(struct scene *scene)
{
	struct epoll_event event;

	return epoll_wait(epoll_of(scene), &event, 1, -1);
}

static long call_limited_epoll(struct scene *scene)
{
	struct epoll_event event;

	return epoll_wait(epoll_of(scene), &event, 1, 400);
}

static long call_limited_recv(struct scene *scene)
{
	struct timeval time = { .tv_usec = 400000 };
	char byte;

	setsockopt(scene->identifier, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	return recv(scene->identifier, &byte, 1, 0);
}

static long call_limited_sigtimedwait(struct scene *scene)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sigtimedwait(&set, NULL, &limit);
}

static long call_epoll_pwait(struct scene *scene)
{
	struct epoll_event event;
	sigset_t none;

	sigemptyset(&none);
	return epoll_pwait(epoll_of(scene), &event, 1, -1, &none);
}

static long call_epoll_pwait2(struct scene *scene)
{
	struct epoll_event event;

	return syscall(SYS_epoll_pwait2, epoll_of(scene), &event, 1, NULL, NULL, 0);
}

static long call_pause(struct scene *scene)
{
	return pause();
}

static long call_sigsuspend(struct scene *scene)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigdelset(&set, SIGUSR1);
	return sigsuspend(&set);
}

static long call_sigtimedwait(struct scene *scene)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sigtimedwait(&set, NULL, NULL);
}

static long call_semop(struct scene *scene)
{
	struct sembuf down = { 0, -1, 0 };

	return semop(scene->identifier, &down, 1);
}

static long call_msgrcv(struct scene *scene)
{
	struct {
		long type;
		char text[8];
	} message;

	return msgrcv(scene->identifier, &message, sizeof(message.text), 0, 0);
}

static long call_accept(struct scene *scene)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int fd;

	bind(listener, (struct sockaddr *)&address, length);
	listen(listener, 1);
	getsockname(listener, (struct sockaddr *)&address, &length);
	scene->word = ntohs(address.sin_port);
	fd = accept(listener, NULL, NULL);
	return fd < 0 ? -1 : 1;
}

static long call_flock(struct scene *scene)
{
	int file = open("/proc/self/exe", O_RDONLY);

	return flock(file, LOCK_EX);
}

static long call_lockf(struct scene *scene)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };

	return fcntl(scene->identifier, F_SETLKW, &lock);
}

static long call_wait(struct scene *scene)
{
	pid_t child = fork();

	if (child == 0) {
		sleep_ms(300);
		_exit(0);
	}
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

static long call_inotify(struct scene *scene)
{
	char buffer[512];
	int fd = inotify_init();

	inotify_add_watch(fd, "/proc/self/exe", IN_OPEN);
	return read(fd, buffer, sizeof(buffer)) > 0 ? 1 : -1;
}

static long call_timerfd(struct scene *scene)
{
	struct itimerspec time = { .it_value = limit };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t ticks;

	timerfd_settime(fd, 0, &time, NULL);
	return read(fd, &ticks, 8) == 8 ? (long)ticks : -1;
}

static long call_eventfd(struct scene *scene)
{
	uint64_t value;

	return read(scene->identifier, &value, 8) == 8 ? (long)value : -1;
}

static long call_write(struct scene *scene)
{
	static const char much[4096];

	/* What has been written in part returns early, with or without us: nothing must fit. */
	fcntl(scene->fds[1], F_SETFL, O_NONBLOCK);
	while (write(scene->fds[1], much, sizeof(much)) > 0)
		;
	fcntl(scene->fds[1], F_SETFL, 0);
	return write(scene->fds[1], much, sizeof(much));
}

static long call_io_getevents(struct scene *scene)
{
	struct timespec *forever = NULL;
	unsigned long context = 0;
	char event[64];

	if (syscall(SYS_io_setup, 1, &context) < 0)
		return -2;
	return syscall(SYS_io_getevents, context, 1, 1, event, forever);
}

/* How the test ends the wait. */
static void wake_nothing(struct scene *scene, pid_t pid)
{
}

static void wake_pipe(struct scene *scene, pid_t pid)
{
	must_be(write(scene->fds[1], "x", 1) == 1, "write");
}

static void wake_futex(struct scene *scene, pid_t pid)
{
	scene->word = 1;
	syscall(SYS_futex, &scene->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void wake_signal(struct scene *scene, pid_t pid)
{
	kill(pid, SIGUSR1);
}

static void wake_semaphore(struct scene *scene, pid_t pid)
{
	struct sembuf up = { 0, 1, 0 };

	semop(scene->identifier, &up, 1);
}

static void wake_message(struct scene *scene, pid_t pid)
{
	struct {
		long type;
		char text[8];
	} message = { .type = 1 };

	msgsnd(scene->identifier, &message, sizeof(message.text), 0);
}

static void wake_accept(struct scene *scene, pid_t pid)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_port = htons((uint16_t)scene->word);
	must_be(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	close(fd);
}

static void wake_flock(struct scene *scene, pid_t pid)
{
	flock(scene->identifier, LOCK_UN);
}

static void wake_lockf(struct scene *scene, pid_t pid)
{
	struct flock unlock = { .l_type = F_UNLCK, .l_len = 1 };

	fcntl(scene->identifier, F_SETLK, &unlock);
}

static void wake_inotify(struct scene *scene, pid_t pid)
{
	close(open("/proc/self/exe", O_RDONLY));
}

static void wake_eventfd(struct scene *scene, pid_t pid)
{
	uint64_t one = 1;

	must_be(write(scene->identifier, &one, 8) == 8, "eventfd");
}

static void wake_reader(struct scene *scene, pid_t pid)
{
	char buffer[65536];

	must_be(read(scene->fds[0], buffer, sizeof(buffer)) > 0, "read");
}

/* What has to exist before. */
static void make_semaphore(struct scene *scene)
{
	scene->identifier = semget(IPC_PRIVATE, 1, 0600);
}

static void remove_semaphore(struct scene *scene)
{
	semctl(scene->identifier, 0, IPC_RMID);
}

static void make_queue(struct scene *scene)
{
	scene->identifier = msgget(IPC_PRIVATE, 0600);
}

static void remove_queue(struct scene *scene)
{
	msgctl(scene->identifier, IPC_RMID, NULL);
}

static void make_flock(struct scene *scene)
{
	scene->identifier = open("/proc/self/exe", O_RDONLY);
	flock(scene->identifier, LOCK_EX);
}

static void make_lockf(struct scene *scene)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };

	scene->identifier = memfd_create("lock", 0);
	fcntl(scene->identifier, F_SETLK, &lock);
}

static void make_eventfd(struct scene *scene)
{
	scene->identifier = eventfd(0, 0);
}

static void make_socket(struct scene *scene)
{
	int ends[2];

	must_be(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	scene->identifier = ends[0]; /* the other end stays open */
}

static void close_it(struct scene *scene)
{
	close(scene->identifier);
}

enum { TIMED = 1 };

static const struct row {
	const char *name;
	long (*call)(struct scene *);
	void (*wake)(struct scene *, pid_t);
	long result;
	int error;
	unsigned flags;
	void (*make)(struct scene *), (*remove)(struct scene *);
} rows[] = {
	{ "nanosleep", call_nanosleep, wake_nothing, 0, 0, TIMED },
	{ "clock_nanosleep", call_clock_nanosleep, wake_nothing, 0, 0, TIMED },
	{ "poll with a limit", call_poll, wake_nothing, 0, 0, TIMED },
	{ "poll that is woken", call_poll, wake_pipe, 1, 0 },
	{ "ppoll with a limit", call_ppoll, wake_nothing, 0, 0, TIMED },
	{ "ppoll that is woken", call_ppoll, wake_pipe, 1, 0 },
	{ "select with a limit", call_select, wake_nothing, 0, 0, TIMED },
	{ "select that is woken", call_select, wake_pipe, 1, 0 },
	{ "futex with a limit", call_futex, wake_nothing, -1, ETIMEDOUT, TIMED },
	{ "futex with a limit that is woken", call_futex, wake_futex, 0, 0 },
	{ "futex", call_futex_for_ever, wake_futex, 0, 0 },
	{ "read", call_read, wake_pipe, 1, 0 },
	{ "write", call_write, wake_reader, 4096, 0 },
	{ "epoll_wait", call_epoll, wake_pipe, 1, 0 },
	{ "epoll_wait with a limit", call_limited_epoll, wake_nothing, 0, 0, TIMED },
	{ "recv with a limit", call_limited_recv, wake_nothing, -1, EAGAIN, TIMED, make_socket, close_it },
	{ "sigtimedwait with a limit", call_limited_sigtimedwait, wake_nothing, -1, EAGAIN, TIMED },
	{ "epoll_pwait", call_epoll_pwait, wake_pipe, 1, 0 },
	{ "epoll_pwait2", call_epoll_pwait2, wake_pipe, 1, 0 },
	{ "pause", call_pause, wake_signal, -1, EINTR },
	{ "sigsuspend", call_sigsuspend, wake_signal, -1, EINTR },
	{ "sigtimedwait", call_sigtimedwait, wake_signal, SIGUSR1, 0 },
	{ "epoll_wait that a signal ends", call_epoll, wake_signal, -1, EINTR },
	{ "semop", call_semop, wake_semaphore, 0, 0, 0, make_semaphore, remove_semaphore },
	{ "semop that a signal ends", call_semop, wake_signal, -1, EINTR, 0, make_semaphore, remove_semaphore },
	{ "msgrcv", call_msgrcv, wake_message, 8, 0, 0, make_queue, remove_queue },
	{ "accept", call_accept, wake_accept, 1, 0 },
	{ "flock", call_flock, wake_flock, 0, 0, 0, make_flock, close_it },
	{ "fcntl F_SETLKW", call_lockf, wake_lockf, 0, 0, 0, make_lockf, close_it },
	{ "wait", call_wait, wake_nothing, 0, 0 },
	{ "inotify", call_inotify, wake_inotify, 1, 0 },
	{ "timerfd", call_timerfd, wake_nothing, 1, 0, TIMED },
	{ "eventfd", call_eventfd, wake_eventfd, 1, 0, 0, make_eventfd, close_it },
	{ "io_getevents that a signal ends", call_io_getevents, wake_signal, -1, EINTR },
};

static void on_signal(int signal)
{
}

static int body(void *argument)
{
	struct scene *scene = argument;
	const struct sigaction action = { .sa_handler = on_signal };
	double start;

	sigaction(SIGUSR1, &action, NULL);
	scene->ready = 1;
	start = seconds();
	scene->result = scene->call(scene);
	scene->error = scene->result == -1 ? errno : 0;
	scene->elapsed = seconds() - start;
	return 0;
}

static void run(struct tap *tap, const struct row *row)
{
	struct scene *scene = share(sizeof(*scene));
	double start, visited = 0;
	int status;
	pid_t pid;

	*scene = (struct scene){ .call = row->call };
	must_be(pipe(scene->fds) == 0, "pipe");
	if (row->make)
		row->make(scene);
	pid = start_target(body, scene);
	must_be(wait_value(&scene->ready, 1) && wait_state(pid, "S"), "the target does not wait");
	start = seconds();
	for (unsigned i = 0; i < 12 && seconds() - start < 0.2; i++) {
		visit(pid);
		visited = seconds() - start;
		sleep_ms(10);
	}
	check(tap, state_of(pid) == 'S', "%s: goes on waiting", row->name);
	row->wake(scene, pid);
	status = reap(pid);
	check(tap, status == 0 && scene->result == row->result && scene->error == row->error,
	      "%s: returns %ld, errno %d (%s)", row->name, scene->result, scene->error, strerror(scene->error));
	if (row->flags & TIMED)
		/* For some the whole time begins again at each visit; a busy machine takes its own. */
		check(tap, scene->elapsed > 0.395 && scene->elapsed < visited + 0.4 + 1, "%s: takes the time it should: %.3f s",
		      row->name, scene->elapsed);
	if (row->remove)
		row->remove(scene);
	close(scene->fds[0]);
	close(scene->fds[1]);
	munmap(scene, sizeof(*scene));
}

int main(void)
{
	struct tap tap = {};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&tap, &rows[i]);
	return finish(&tap);
}
