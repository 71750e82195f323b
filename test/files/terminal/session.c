// SPDX-License-Identifier: GPL-2.0
// terminals: own
// link: -lutil
/* A session in the tree with a terminal of its own: leader, members in two groups, one that has given the
 * terminal up, a child born before there was one; signals from the keyboard reach the foreground group only. */
#include "pairs.h"

#include <signal.h>
#include <sys/wait.h>

static volatile sig_atomic_t interrupted;
static int go[2];

static void on_interrupt(int signo)
{
	(void)signo;
	interrupted++;
}

static pid_t member(void (*body)(void), pid_t group)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		become_participant();
		must(setpgid(0, group));
		must(read(go[0], &(char){ 0 }, 1));
		body();
		_exit(finish());
	}
	must(setpgid(pid, group ?: pid));
	add_participant(pid);
	return pid;
}

static void in_foreground(void)
{
	signal(SIGINT, on_interrupt);
	checkpoint();
	check_equal(tcgetpgrp(STDIN_FILENO), getpgrp());
	wait_for(interrupted);
	check_equal(interrupted, 1);
}

static void in_background(void)
{
	int fd;

	signal(SIGINT, on_interrupt);
	checkpoint();
	fd = open("/dev/tty", O_RDWR);
	check(fd >= 0);
	check(tcgetpgrp(fd) != getpgrp());
	sleep_milliseconds(300);
	check_equal(interrupted, 0);
}

static void without_terminal(void)
{
	int fd = must(open("/dev/tty", O_RDWR));

	must(ioctl(fd, TIOCNOTTY));
	must(close(fd));
	checkpoint();
	check(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO);
}

static void leader(int master, int slave)
{
	pid_t early, front;

	close(master);
	become_participant();
	must(setsid());
	early = must(fork());
	if (early == 0) {
		become_participant();
		checkpoint();
		check(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO);
		_exit(finish());
	}
	add_participant(early);
	must(ioctl(slave, TIOCSCTTY, 0));
	must(dup2(slave, STDIN_FILENO));
	must(pipe(go));
	front = member(in_foreground, 0);
	member(in_background, 0);
	member(without_terminal, 0);
	signal(SIGTTOU, SIG_IGN);
	must(tcsetpgrp(slave, front));
	must(write(go[1], "xxx", 3));
	checkpoint();
	check_equal(tcgetsid(slave), getpid());
	check_equal(tcgetpgrp(slave), front);
	while (waitpid(-1, NULL, 0) > 0)
		;
	_exit(finish());
}

int main(void)
{
	int master, slave;
	pid_t pid;

	make_pair(&master, &slave);
	pid = must(fork());
	if (pid == 0)
		leader(master, slave);
	add_participant(pid);
	close(slave);

	checkpoint();

	check_equal(tcgetsid(master), pid);
	check_equal(write(master, "\003", 1), 1);
	return finish();
}
