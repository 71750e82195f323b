// SPDX-License-Identifier: GPL-2.0
/*
 * What a database is made of: a server with workers that share memory of all kinds (System V, POSIX, anonymous), a lock
 * and a condition in it that processes wait at, a log that is written ahead, and a client on a unix socket.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 3, ACCOUNTS = 5000, START = 1000, MIDDLE = 2000 };

/* The first is in System V memory; balances are in the two others, half and half. */
static struct control {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int transfers, stop, failed;
} *control;
static long *low, *high;
static int segment;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	printf("wrong: %s\n", what);
	exit(1);
}

static long *account(int number)
{
	return number < ACCOUNTS / 2 ? &low[number] : &high[number - ACCOUNTS / 2];
}

static void make_memory(void)
{
	size_t half = ACCOUNTS / 2 * sizeof(long);
	pthread_mutexattr_t lock;
	pthread_condattr_t condition;
	int fd = shm_open("/database", O_RDWR | O_CREAT, 0600);

	segment = shmget(IPC_PRIVATE, sizeof(*control), IPC_CREAT | 0600);
	control = shmat(segment, NULL, 0);
	must(control != (void *)-1 && !ftruncate(fd, half), "no memory");
	low = mmap(NULL, half, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	high = mmap(NULL, half, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(low != MAP_FAILED && high != MAP_FAILED, "no memory");
	close(fd);
	shm_unlink("/database"); /* the memory of a machine that is switched off is gone */
	for (int i = 0; i < ACCOUNTS; i++)
		*account(i) = START;
	pthread_mutexattr_init(&lock);
	pthread_mutexattr_setpshared(&lock, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&control->lock, &lock);
	pthread_condattr_init(&condition);
	pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&control->changed, &condition);
}

/* Each transfer is in the log before it is made. */
static void work(int number)
{
	FILE *log = fopen("log", "a");
	unsigned random = number + 1;

	while (!control->stop) {
		int from, to, amount;

		pthread_mutex_lock(&control->lock);
		from = rand_r(&random) % ACCOUNTS;
		to = rand_r(&random) % ACCOUNTS;
		amount = rand_r(&random) % 10;
		fprintf(log, "%d %d %d\n", from, to, amount);
		fflush(log);
		*account(from) -= amount;
		*account(to) += amount;
		control->transfers++;
		pthread_cond_broadcast(&control->changed);
		pthread_mutex_unlock(&control->lock);
		usleep(control->transfers > 2 * MIDDLE ? 10000 : 500);
	}
	exit(0);
}

/* Answers each question with the sum of all accounts, after a further transfer has been made. */
static void serve(int listener)
{
	int client = accept(listener, NULL, NULL);
	char question;

	while (read(client, &question, 1) == 1) {
		long sum = 0;
		int before;

		pthread_mutex_lock(&control->lock);
		before = control->transfers;
		while (control->transfers == before && !control->stop)
			pthread_cond_wait(&control->changed, &control->lock);
		for (int i = 0; i < ACCOUNTS; i++)
			sum += *account(i);
		pthread_mutex_unlock(&control->lock);
		must(write(client, &sum, sizeof(sum)) == sizeof(sum), "the answer");
	}
	exit(0);
}

static void check_log(void)
{
	static long balance[ACCOUNTS];
	FILE *log = fopen("log", "r");
	int from, to, amount, lines = 0;

	for (int i = 0; i < ACCOUNTS; i++)
		balance[i] = START;
	while (fscanf(log, "%d %d %d", &from, &to, &amount) == 3) {
		balance[from] -= amount;
		balance[to] += amount;
		lines++;
	}
	must(lines == control->transfers, "the length of the log");
	for (int i = 0; i < ACCOUNTS; i++)
		must(balance[i] == *account(i), "a balance");
}

static int open_socket(struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ AF_UNIX, "socket" };
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

int main(void)
{
	struct sockaddr_un address;
	int listener = open_socket(&address), client, status;
	bool in_middle = false;
	pid_t pids[WORKERS + 1];
	struct shmid_ds info;

	make_memory();
	must(!bind(listener, (struct sockaddr *)&address, sizeof(address)) && !listen(listener, 1), "a socket");
	for (int i = 0; i <= WORKERS; i++) {
		pids[i] = fork();
		if (!pids[i] && i < WORKERS)
			work(i);
		if (!pids[i])
			serve(listener);
	}
	client = open_socket(&address);
	must(!connect(client, (struct sockaddr *)&address, sizeof(address)), "no connection");
	while (access("hurry", F_OK) || control->transfers < 2 * MIDDLE) {
		long sum = 0;

		must(write(client, "?", 1) == 1 && read(client, &sum, sizeof(sum)) == sizeof(sum), "no answer");
		must(sum == (long)ACCOUNTS * START, "the sum of all accounts");
		if (!in_middle && control->transfers > MIDDLE) {
			in_middle = true;
			close(open("middle", O_WRONLY | O_CREAT, 0600));
		}
	}
	control->stop = 1;
	shutdown(client, SHUT_RDWR);
	for (int i = 0; i <= WORKERS; i++)
		must(waitpid(pids[i], &status, 0) == pids[i] && !status, "the end of a process");
	check_log();
	must(!shmctl(segment, IPC_STAT, &info) && info.shm_nattch == 1, "the segment");
	shmctl(segment, IPC_RMID, NULL);
	puts("right");
	return 0;
}
