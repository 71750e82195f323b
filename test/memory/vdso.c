// SPDX-License-Identifier: GPL-2.0
/* The vDSO: its calls keep working and agree with the real ones; clocks do not run backwards; it stays where it was. */
#include "test.h"

#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timespec time)
{
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void compare_clock(clockid_t clock, double before)
{
	struct timespec low, vdso, high;

	must(syscall(SYS_clock_gettime, clock, &low));
	must(clock_gettime(clock, &vdso));
	must(syscall(SYS_clock_gettime, clock, &high));
	check(seconds(low) <= seconds(vdso) + 1e-9 && seconds(vdso) <= seconds(high) + 1e-9,
	      "clock %d: %f is not within %f and %f", clock, seconds(vdso), seconds(low), seconds(high));
	check(seconds(vdso) >= before, "clock %d ran backwards", clock);
}

int main(void)
{
	const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };
	double before[3];
	struct timeval day;
	struct timespec time;
	unsigned cpu;
	int i;

	for (i = 0; i < 3; i++) {
		must(clock_gettime(clocks[i], &time));
		before[i] = seconds(time);
	}
	checkpoint();
	for (i = 0; i < 3; i++)
		compare_clock(clocks[i], before[i]);
	check(find_named_mapping("[vdso]") == (void *)getauxval(AT_SYSINFO_EHDR));
	check(gettimeofday(&day, NULL) == 0 && day.tv_sec >= (long)before[0]);
	check(getcpu(&cpu, NULL) == 0);
	return finish();
}
