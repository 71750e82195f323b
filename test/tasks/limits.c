// SPDX-License-Identifier: GPL-2.0
/* Resource limits: every one of them, soft and hard; lowered ones, since raising takes a capability. */
#include "test.h"

#include <sys/resource.h>

static struct rlimit wanted[RLIM_NLIMITS];

int main(void)
{
	int i;

	for (i = 0; i < RLIM_NLIMITS; i++) {
		must(getrlimit(i, &wanted[i]));
		if (wanted[i].rlim_max > 1000000)
			wanted[i].rlim_max = 1000000 + i;
		if (i == RLIMIT_AS || i == RLIMIT_DATA || i == RLIMIT_FSIZE || i == RLIMIT_STACK || i == RLIMIT_MEMLOCK)
			wanted[i].rlim_max = (1ULL << 40) + i;
		if (wanted[i].rlim_cur > wanted[i].rlim_max - wanted[i].rlim_max / 8)
			wanted[i].rlim_cur = wanted[i].rlim_max - wanted[i].rlim_max / 8;
		if (i == RLIMIT_CORE)
			wanted[i].rlim_cur = 0;
		if (setrlimit(i, &wanted[i]) < 0)
			must(getrlimit(i, &wanted[i]));
	}
	checkpoint();
	for (i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit now;

		must(getrlimit(i, &now));
		check(now.rlim_cur == wanted[i].rlim_cur && now.rlim_max == wanted[i].rlim_max,
		      "limit %d: %lu/%lu instead of %lu/%lu", i, now.rlim_cur, now.rlim_max, wanted[i].rlim_cur,
		      wanted[i].rlim_max);
	}
	return finish();
}
