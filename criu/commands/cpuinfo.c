// SPDX-License-Identifier: GPL-2.0
#include "commands/cpuinfo.h"

struct error *cpuinfo_dump_command(struct criu *criu)
{
	return fail("criu cpuinfo dump is not supported yet");
}

struct error *cpuinfo_check_command(struct criu *criu, int *status)
{
	return fail("criu cpuinfo check is not supported yet");
}
