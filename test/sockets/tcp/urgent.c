// SPDX-License-Identifier: GPL-2.0
// refused: urgent data
// dump-options: --tcp-established
/* Urgent data that was not read. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET);
	char byte = 0;

	must(send(pair.client, "!", 1, MSG_OOB));
	wait_for(recv(pair.server, &byte, 1, MSG_OOB | MSG_PEEK) == 1);
	checkpoint();
	check(recv(pair.server, &byte, 1, MSG_OOB) == 1 && byte == '!');
	return finish();
}
