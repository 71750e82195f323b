// SPDX-License-Identifier: GPL-2.0
/* No signal is lost, doubled or changed, whenever it arrives; job control keeps working. */
#include "check.h"

struct scene {
	volatile int ready, received, wrong, code, sender;
	volatile int threads;
};

enum { FLOOD = 3000 };

static struct scene *scene_of(struct scene *set)
{
	static struct scene *scene; /* for handlers */

	if (set)
		scene = set;
	return scene;
}

/* Signals come with ascending values and must be seen so. */
static void on_numbered(int signal, siginfo_t *info, void *context)
{
	struct scene *scene = scene_of(NULL);

	if (info->si_value.sival_int != scene->received || info->si_code != SI_QUEUE || info->si_pid != getppid())
		scene->wrong++;
	scene->received++;
}

static void on_single(int signal, siginfo_t *info, void *context)
{
	struct scene *scene = scene_of(NULL);

	scene->received++;
	scene->code = info->si_code;
	scene->sender = info->si_pid;
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(signal, &action, NULL);
}

/* Half of the time in user mode, half in system calls. */
static int receive_flood(void *argument)
{
	struct scene *scene = scene_of(argument);

	handle(SIGRTMIN + 1, on_numbered);
	scene->ready = 1;
	while (scene->received < FLOOD) {
		for (volatile int i = 0; i < 2000; i++)
			;
		usleep(50);
	}
	return scene->wrong ? 1 : 0;
}

static void flood(struct tap *tap)
{
	struct scene *scene = share(sizeof(*scene));
	unsigned visits = 0;
	pid_t pid = start_target(receive_flood, scene), sender;
	int status;

	must_be(wait_value(&scene->ready, 1), "the target does not start");
	/* A thread of the test would be as good, but must have the test's pid: it has. */
	sender = 0;
	for (int i = 0; i < FLOOD;) {
		struct compel_thread thread;

		for (unsigned burst = 0; burst < 3 && i < FLOOD; burst++)
			if (sigqueue(pid, SIGRTMIN + 1, (union sigval){ .sival_int = i }) == 0)
				i++;
		must(compel_seize(&thread, pid));
		if (i < FLOOD && sigqueue(pid, SIGRTMIN + 1, (union sigval){ .sival_int = i }) == 0)
			i++;
		must(compel_wait(&thread));
		if (thread.state == COMPEL_DEAD)
			break;
		if (thread.signal_taken)
			sender++;
		visit_stopped(&thread);
		must(compel_detach(&thread, false));
		visits++;
	}
	status = reap(pid);
	check(tap, status == 0 && scene->received == FLOOD && scene->wrong == 0,
	      "%d signals arrive once and in order through %u visits (%d signals taken in them)", scene->received, visits,
	      sender);
}

static int sleep_for_ever(void *argument)
{
	struct scene *scene = scene_of(argument);

	handle(SIGSTKFLT, on_single);
	handle(SIGUSR1, on_single);
	scene->ready = 1;
	while (pause() < 0)
		;
	return 0;
}

static pid_t start_sleeper(struct scene **scene)
{
	pid_t pid;

	*scene = share(sizeof(**scene));
	pid = start_target(sleep_for_ever, *scene);
	must_be(wait_value(&(*scene)->ready, 1) && wait_state(pid, "S"), "the target does not sleep");
	return pid;
}

static void seize_and_wait(struct compel_thread *thread, pid_t pid)
{
	must(compel_seize(thread, pid));
	must(compel_wait(thread));
}

static void stopped_target(struct tap *tap)
{
	struct compel_thread thread;
	struct scene *scene;
	pid_t pid = start_sleeper(&scene);

	/* SIGTSTP stops nobody in an orphaned group, which ours is when whoever started the tests has ended. */
	must(setpgid(pid, pid) ? fail_errno("setpgid") : NULL);
	kill(pid, SIGTSTP);
	must_be(wait_state(pid, "T"), "the target does not stop");
	for (unsigned i = 0; i < 10; i++) {
		seize_and_wait(&thread, pid);
		must_be(thread.state == COMPEL_JOB_STOPPED && thread.stop_signal == SIGTSTP, "job-control stop is seen");
		visit_stopped(&thread);
		must(compel_detach(&thread, false));
	}
	sleep_ms(5);
	check(tap, state_of(pid) == 'T', "a stopped target stays stopped");
	kill(pid, SIGCONT);
	check(tap, wait_state(pid, "S"), "SIGCONT lets it go on");
	kill_target(pid);
}

static void stop_during_visit(struct tap *tap)
{
	struct compel_thread thread;
	struct scene *scene;
	pid_t pid = start_sleeper(&scene);

	seize_and_wait(&thread, pid);
	kill(pid, SIGSTOP);
	visit_stopped(&thread);
	must(compel_detach(&thread, false));
	check(tap, wait_state(pid, "T"), "SIGSTOP that arrives during a visit takes effect after it");
	seize_and_wait(&thread, pid);
	kill(pid, SIGCONT);
	visit_stopped(&thread);
	must(compel_detach(&thread, false));
	check(tap, wait_state(pid, "S"), "SIGCONT that arrives during a visit takes effect after it");
	seize_and_wait(&thread, pid);
	kill(pid, SIGSTOP);
	kill(pid, SIGCONT);
	visit_stopped(&thread);
	must(compel_detach(&thread, false));
	sleep_ms(5);
	check(tap, wait_state(pid, "S"), "SIGSTOP and SIGCONT together leave it running");
	kill_target(pid);
}

static void kill_during_visit(struct tap *tap)
{
	batch_cleanup struct batch batch = {};
	struct compel_thread thread;
	struct compel_agent *agent;
	struct scene *scene;
	struct error *error;
	pid_t pid = start_sleeper(&scene);

	seize_and_wait(&thread, pid);
	must(compel_infect(&thread, 16384, &agent));
	batch_call(&batch, "pid", SYS_getpid);
	kill(pid, SIGKILL);
	error = batch_run(agent, &(struct compel_thread *){ &thread }, &(struct batch *){ &batch }, 1);
	check(tap, error && error->number == ESRCH, "a target that is killed is reported: %s",
	      error ? error->message : "");
	error_free(error);
	error = compel_cure(agent);
	check(tap, error != NULL, "curing it is an error");
	error_free(error);
	error = compel_detach(&thread, false);
	check(tap, error == NULL, "letting it go is none");
	waitpid(pid, NULL, 0);
}

static void terminate_during_visit(struct tap *tap)
{
	struct compel_thread thread;
	struct scene *scene;
	pid_t pid = start_sleeper(&scene);

	seize_and_wait(&thread, pid);
	kill(pid, SIGTERM);
	visit_stopped(&thread);
	check(tap, state_of(pid) == 't', "SIGTERM waits until the visit is over");
	must(compel_detach(&thread, false));
	check(tap, reap(pid) == 1000 + SIGTERM, "and then ends the target");
}

/* The very signal that our own code uses, sent by somebody else in the middle. */
static void same_signal(struct tap *tap, bool before)
{
	batch_cleanup struct batch batch = {};
	struct compel_thread thread;
	struct compel_agent *agent;
	struct scene *scene;
	pid_t pid = start_sleeper(&scene);

	seize_and_wait(&thread, pid);
	if (before)
		kill(pid, SIGSTKFLT);
	must(compel_infect(&thread, 16384, &agent));
	batch_call(&batch, "pid", SYS_getpid);
	if (!before)
		kill(pid, SIGSTKFLT);
	must(batch_run(agent, &(struct compel_thread *){ &thread }, &(struct batch *){ &batch }, 1));
	must(compel_cure(agent));
	must(compel_detach(&thread, false));
	check(tap, wait_value(&scene->received, 1) && scene->code == SI_USER && scene->sender == getpid(),
	      "a signal like ours, sent %s, arrives once with its origin", before ? "before" : "while we are inside");
	sleep_ms(5);
	check(tap, scene->received == 1 && state_of(pid) == 'S', "and nothing else happens");
	kill_target(pid);
}

static void leave_stopped(struct tap *tap)
{
	struct compel_thread thread;
	struct scene *scene;
	pid_t pid = start_sleeper(&scene);

	seize_and_wait(&thread, pid);
	visit_stopped(&thread);
	must(compel_detach(&thread, true));
	check(tap, wait_state(pid, "T"), "a target can be left stopped");
	kill(pid, SIGCONT);
	check(tap, wait_state(pid, "S"), "and goes on with SIGCONT");
	kill_target(pid);
}

/* Seized while it runs; a signal and the interruption come at once. */
static void signal_and_interrupt(struct tap *tap)
{
	struct compel_thread thread;
	struct scene *scene;
	pid_t pid = start_sleeper(&scene);
	int taken = 0, rounds = 300;

	for (int i = 1; i <= rounds; i++) {
		must(compel_seize_running(&thread, pid));
		kill(pid, SIGUSR1);
		if (i % 2)
			sched_yield();
		must(compel_interrupt(&thread));
		must(compel_wait(&thread));
		taken += thread.signal_taken;
		if (i % 3)
			visit_stopped(&thread);
		must(compel_detach(&thread, false));
		must_be(wait_value(&scene->received, i), "a signal is lost");
	}
	check(tap, scene->received == rounds && scene->code == SI_USER && scene->sender == getpid(),
	      "%d signals together with interruptions arrive (%d were taken)", rounds, taken);
	kill_target(pid);
}

int main(void)
{
	struct tap tap = {};

	flood(&tap);
	stopped_target(&tap);
	stop_during_visit(&tap);
	kill_during_visit(&tap);
	terminate_during_visit(&tap);
	same_signal(&tap, true);
	same_signal(&tap, false);
	leave_stopped(&tap);
	signal_and_interrupt(&tap);
	return finish(&tap);
}
