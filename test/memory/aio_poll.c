// SPDX-License-Identifier: GPL-2.0
// refused: IOCB_CMD_POLL
/* Who waits for a descriptor by asynchronous I/O cannot be found out; a program that does so is not saved. */
#include "test.h"

#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	static struct iocb request;
	struct iocb *requests[1] = { &request };
	aio_context_t context = 0;
	struct io_event event;
	int ends[2];

	if (syscall(SYS_io_setup, 16, &context) < 0)
		skip("this kernel has no AIO");
	must(pipe(ends));
	request = (struct iocb){ .aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = ends[0], .aio_buf = POLLIN };
	must(write(ends[1], "x", 1));
	if (syscall(SYS_io_submit, context, 1, requests) != 1)
		skip("AIO cannot wait for descriptors here");
	must(syscall(SYS_io_getevents, context, 1, 1, &event, NULL));
	must(read(ends[0], &event, 1));
	must(syscall(SYS_io_submit, context, 1, requests));
	checkpoint();
	must(write(ends[1], "x", 1));
	check_equal(syscall(SYS_io_getevents, context, 1, 1, &event, NULL), 1);
	return finish();
}
