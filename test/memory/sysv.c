// SPDX-License-Identifier: GPL-2.0
// refused: System V shared memory
/* System V shared memory without its ipc namespace is not saved. */
#include "test.h"

#include <sys/shm.h>

int main(void)
{
	int id = must(shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600));
	unsigned char *memory = must(shmat(id, NULL, 0));

	must(shmctl(id, IPC_RMID, NULL));
	fill_pattern(memory, 8192, 1);
	checkpoint();
	check_pattern(memory, 8192, 1);
	return finish();
}
