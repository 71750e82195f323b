// SPDX-License-Identifier: GPL-2.0
/* What is a process's or a thread's own with a ring: memory that is registered as buffers, and rings in the table of each
 * thread, which have other numbers there. */
#include "../files/ring.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/uio.h>

enum { BUFFERS2 = 15, RING_FDS = 20, BUFFERS_UPDATE = 16, REGISTERED_RING = 1 << 4, TAG = 555, BYTES = 100000, THREADS = 3, SLOTS = 4 };

struct table_request {
	uint32_t count, flags;
	uint64_t unused, data, tags;
};

static struct ring ring, only_mine;
static char *memory, *shared;
static int file;
static pthread_barrier_t barrier;

static void register_buffers(struct ring *with)
{
	struct iovec places[SLOTS] = { [1] = { memory + 123, BYTES }, [2] = { shared, 4096 } };
	uint64_t tags[SLOTS] = { [2] = TAG };
	struct table_request request = { .count = SLOTS, .data = (uintptr_t)places, .tags = (uintptr_t)tags };

	must(syscall(SYS_io_uring_register, with->fd, BUFFERS2, &request, sizeof(request)));
}

static int transfer(struct ring *with, int operation, unsigned slot, char *place, unsigned length)
{
	struct io_uring_sqe *request = ring_request(with, operation, file, 31);

	request->addr = (uintptr_t)place;
	request->len = length;
	request->buf_index = slot;
	check_equal(ring_enter(with, 1, 1), 1);
	return ring_take(with, 31);
}

/* Reads into the program's memory, and nowhere else. */
static void use_buffers(struct ring *with)
{
	check_pattern(memory, BYTES + 1000, 1);
	check_equal(transfer(with, IORING_OP_WRITE_FIXED, 1, memory + 123, BYTES), BYTES);
	memset(memory + 123, 0, BYTES);
	check_equal(transfer(with, IORING_OP_READ_FIXED, 1, memory + 123, BYTES), BYTES);
	check_pattern(memory, BYTES + 1000, 1);
	check_equal(transfer(with, IORING_OP_READ_FIXED, 1, memory + 122, 10), -EFAULT);
	check_equal(transfer(with, IORING_OP_READ_FIXED, 2, shared, 4096), 4096);
	check_equal(memcmp(shared, memory + 123, 4096), 0);
	check_equal(transfer(with, IORING_OP_READ_FIXED, 0, memory + 123, 10), -EFAULT);
}

static int register_ring(unsigned slot)
{
	struct {
		uint32_t slot, unused;
		uint64_t ring;
	} request = { slot, 0, ring.fd };

	return syscall(SYS_io_uring_register, ring.fd, RING_FDS, &request, 1);
}

static int enter_slot(unsigned slot)
{
	return syscall(SYS_io_uring_enter, slot, 0, 0, REGISTERED_RING, NULL, 0);
}

static void *thread(void *argument)
{
	unsigned slot = (uintptr_t)argument;

	must(register_ring(slot) - 1 ? -1 : 0);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < 16; i++)
		check_equal(enter_slot(i), i == slot ? 0 : -1);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	memory = must(mmap(NULL, BYTES + 1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	shared = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	fill_pattern(memory, BYTES + 1000, 1);
	file = must(open("file", O_RDWR | O_CREAT, 0644));
	ring_open(&ring, 4, 0, 0);
	ring_open(&only_mine, 4, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0);
	register_buffers(&ring);
	register_buffers(&only_mine);
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, thread, (void *)(3 * i)) ? -1 : 0);
	pthread_barrier_wait(&barrier);
	checkpoint();

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	check_equal(enter_slot(0), -1);
	use_buffers(&ring);
	use_buffers(&only_mine);
	check_equal(syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS, NULL, 0), 0);
	check_equal(ring_enter(&ring, 0, 1), 0);
	check_equal(ring_take(&ring, TAG), 0);
	return finish();
}
