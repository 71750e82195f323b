// SPDX-License-Identifier: GPL-2.0
/* System V shared memory: ids, keys, owners and modes, removed ones, attached whole, in part, twice, and read-only. */
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

enum { PAGE = 4096, LENGTH = 8 * PAGE, SIZE = LENGTH - 100, OWNER = 1234 };

static int kept, removed;
static unsigned char *shared, *gone;

static void child(void)
{
	unsigned char *readonly = must(shmat(kept, NULL, SHM_RDONLY));

	meet();
	checkpoint();
	check_pattern(readonly + PAGE, SIZE - PAGE, 2);
	check_pattern(gone, LENGTH, 3);
	check_equal(mprotect(readonly, PAGE, PROT_READ | PROT_WRITE), -1);
	wait_for(((volatile unsigned char *)shared)[0] == 1);
	check_equal(readonly[0], 1);
	shared[1] = 2;
}

static void attributes(struct shmid_ds *info, int id)
{
	memset(info, 0, sizeof(*info));
	must(shmctl(id, IPC_STAT, info));
}

int main(void)
{
	struct shmid_ds before, after, removed_before;
	unsigned char *part;
	key_t key = 0x5eed0000 + getpid();

	kept = must(shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0640));
	removed = must(shmget(IPC_PRIVATE, LENGTH, IPC_CREAT | 0600));
	shared = must(shmat(kept, NULL, 0));
	gone = must(shmat(removed, NULL, 0));
	attributes(&before, kept);
	before.shm_perm.uid = OWNER;
	must(shmctl(kept, IPC_SET, &before));
	must(shmctl(removed, IPC_RMID, NULL));
	memset(shared, 0, PAGE);
	fill_pattern(shared + PAGE, SIZE - PAGE, 2);
	fill_pattern(gone, LENGTH, 3);
	participant(child);
	part = must(shmat(kept, NULL, 0));
	must(munmap(part, 2 * PAGE));
	must(munmap(part + 4 * PAGE, LENGTH - 4 * PAGE));
	must(mprotect(part + 2 * PAGE, PAGE, PROT_READ));
	meet();
	attributes(&removed_before, removed);

	checkpoint();

	attributes(&after, kept);
	check_equal(after.shm_perm.uid, OWNER);
	check_equal(after.shm_perm.mode, before.shm_perm.mode);
	check_equal(after.shm_segsz, SIZE);
	check_equal(after.shm_nattch, 5); /* ours, the child's two, two halves of the part */
	check_equal(must(shmget(key, 0, 0)), kept);
	attributes(&after, removed);
	check_equal(after.shm_perm.mode, removed_before.shm_perm.mode);
	check_equal(after.shm_nattch, removed_before.shm_nattch);
	check_pattern(shared + PAGE, SIZE - PAGE, 2);
	check_pattern(gone, LENGTH, 3);
	shared[0] = 1;
	wait_for(((volatile unsigned char *)shared)[1] == 2);
	shared[3 * PAGE] = 77;
	check_equal(part[3 * PAGE], 77);
	must(shmctl(kept, IPC_RMID, NULL));
	must(shmdt(gone));
	return finish();
}
