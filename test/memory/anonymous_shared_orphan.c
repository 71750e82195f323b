// SPDX-License-Identifier: GPL-2.0
/* Shared anonymous memory whose creator has ended: two others still share it, and each has it at another place. */
#include "test.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH (16 * 4096)

static volatile unsigned char *shared;

static void body(int self)
{
	checkpoint();
	check_pattern((void *)(shared + 4096), LENGTH - 4096, 4);
	shared[self] = 1;
	wait_for(shared[!self] == 1);
}

static void heir(int self)
{
	become_participant();
	body(self);
	_exit(finish());
}

/* Makes the memory, and both heirs, and is gone. */
static void creator(int pids)
{
	shared = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	fill_pattern((void *)(shared + 4096), LENGTH - 4096, 4);
	for (int i = 0; i < 2; i++) {
		pid_t pid = must(fork());

		if (!pid) {
			if (i) {
				volatile unsigned char *place = must(mmap(NULL, 2 * LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

				shared = must(mremap((void *)shared, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, place));
			}
			heir(i);
		}
		must(write(pids, &pid, sizeof(pid)));
	}
	_exit(0);
}

int main(void)
{
	pid_t pid, heirs[2];
	int pids[2];

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	must(pipe(pids));
	pid = must(fork());
	if (!pid)
		creator(pids[1]);
	must(waitpid(pid, NULL, 0));
	must(read(pids[0], heirs, sizeof(heirs)));
	add_participant(heirs[0]);
	add_participant(heirs[1]);
	checkpoint();
	return finish();
}
