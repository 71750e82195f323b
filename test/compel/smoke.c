// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "remote/batch.h"

#define OK(call) do { struct error *e = (call); if (e) { printf("not ok - %s: %s\n", #call, error_text(e)); exit(1); } } while (0)

int main(void)
{
	pid_t pid = fork();
	struct compel_thread thread;
	struct compel_agent *agent;
	struct batch batch = {}, *batches[] = { &batch };
	struct compel_thread *threads[] = { &thread };
	int64_t result;

	if (pid == 0) {
		for (;;)
			pause();
	}
	usleep(10000);
	OK(compel_seize(&thread, pid));
	OK(compel_wait(&thread));
	OK(compel_syscall(&thread, SYS_getpid, (uint64_t[6]){}, &result));
	printf("pid %d got %ld\n", pid, result);
	OK(compel_infect(&thread, 65536, &agent));
	size_t call = batch_call(&batch, "pid", SYS_getpid);
	size_t where = batch_data(&batch, NULL, 64);
	batch_call_flags(&batch, "times", SYS_times, REMOTE_DATA(0), where);
	batch_text(&batch, stdout);
	OK(batch_run(agent, threads, batches, 1));
	printf("got %ld\n", batch_result(&batch, call));
	OK(compel_cure(agent));
	OK(compel_detach(&thread, false));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
