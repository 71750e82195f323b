// SPDX-License-Identifier: GPL-2.0
// refused: no name any more
// link: -lrt
/* Messages in a queue that has lost its name. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>

int main(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	mqd_t queue = mq_open("/criu-test.nameless", O_CREAT | O_RDWR, 0600, &attributes);
	char text[8];

	if (queue < 0)
		skip("this kernel has no message queues");
	must(mq_unlink("/criu-test.nameless"));
	must(mq_send(queue, "1", 1, 0));
	checkpoint();
	check_equal(mq_receive(queue, text, 8, NULL), 1);
	return finish();
}
