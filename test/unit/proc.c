// SPDX-License-Identifier: GPL-2.0
/* Parsers of /proc on recorded text, on text that is cut off, and on what names can do to them. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "kernel/proc/fdinfo.h"
#include "kernel/proc/locks.h"
#include "kernel/proc/maps.h"
#include "kernel/proc/stat.h"
#include "kernel/proc/status.h"
#include "kernel/proc/timers.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

#define RECORDED "test/fuzz/seeds/proc/"

static char *recorded(const char *name)
{
	char path[64], *text;

	snprintf(path, sizeof(path), RECORDED "%s", name);
	if (read_file_at(AT_FDCWD, path, &text, NULL))
		abort();
	return text;
}

static void check_flags(const struct mapping_line *lines)
{
	check(lines[0].flags == MAPPING_MAY_WRITE && lines[0].protection_key == 3, "flags and key of a file");
	check(lines[0].shared_clean_kib == 8 && lines[0].shared_dirty_kib == 4, "what others share");
	check(lines[0].swapped_kib == 12 && lines[1].swapped_kib == 0, "what is swapped");
	check(lines[1].flags == (MAPPING_MAY_WRITE | MAPPING_ACCOUNTED | MAPPING_GROWSDOWN | MAPPING_LOCKED | MAPPING_DONTDUMP |
				 MAPPING_HUGEPAGE), "flags of the heap");
	check(lines[1].huge_kib == 2048, "huge pages of the heap");
	check((lines[2].flags & MAPPING_HUGETLB) && lines[2].page_kib == 2048, "hugetlb");
	check((lines[3].flags & (MAPPING_UFFD | MAPPING_GUARD | MAPPING_NORESERVE)) ==
		  (MAPPING_UFFD | MAPPING_GUARD | MAPPING_NORESERVE), "userfaultfd and guards");
}

static void check_maps(struct arena *arena)
{
	cleanup_free char *text = recorded("smaps");
	struct mapping_line *lines;
	size_t count;

	if (!check_no_error(maps_parse(text, arena, &lines, &count), "smaps") || !check(count == 6, "six mappings"))
		return;
	check(lines[0].start == 0x55d3c8a00000 && lines[0].end == 0x55d3c8a02000 && lines[0].prot == PROT_READ &&
		  !lines[0].shared && lines[0].major == 0xfe && lines[0].inode == 1835120, "head of a file");
	check(!strcmp(lines[0].path, "/usr/bin/cat") && !strcmp(lines[1].path, "[heap]"), "names");
	check(lines[2].shared && lines[2].offset == 0x1000 && lines[2].minor == 0xf, "a shared mapping");
	check(!strcmp(lines[2].path, "/dev/hugepages/a b (deleted)"), "a name with blanks");
	check(!strcmp(lines[3].path, "/tmp/new\nline") && lines[3].prot == PROT_NONE, "a name with a newline");
	check(lines[5].start == 0xffffffffff600000 && lines[5].prot == PROT_EXEC, "the highest mapping");
	check_flags(lines);
}

/* Mappings without a line there are of no process. */
static void check_numa_maps(struct arena *arena)
{
	cleanup_free char *maps = strdup("1000-2000 rw-p 00000000 00:00 0 \n3000-4000 r--p 00000000 fe:01 7 /a b\n"
					 "5000-6000 rw-p 00000000 00:00 0 \n7000-8000 --xp 00000000 00:00 0 [vsyscall]\n");
	struct mapping_line *lines;
	size_t count;

	if (!check_no_error(maps_parse(maps, arena, &lines, &count), "maps") || !check(count == 4, "four mappings"))
		return;
	check_no_error(numa_maps_parse("00001000 default anon=17 dirty=3 N0=17 kernelpagesize_kB=4\n"
				       "00003000 interleave:0-1 file=/a\\040b\\040anon\\0759 mapped=4 N0=4\n"
				       "00005000 default\n", lines, count), "numa_maps");
	check(lines[0].anonymous_pages == 17 && lines[1].anonymous_pages == 0 && lines[2].anonymous_pages == 0, "numbers of pages");
	check(lines[3].anonymous_pages == PAGES_UNKNOWN, "one that is not there");
	check_error(numa_maps_parse("00001000 default anon=x\n", lines, count), "numa_maps", "no number");
}

/* Linux 6.1 has no name for locking on fault. */
static void check_unnamed_flag(struct arena *arena)
{
	cleanup_free char *text = strdup("1000-2000 rw-p 00000000 00:00 0 \nVmFlags: rd wr lo ?? \n"
					 "3000-4000 rw-p 00000000 00:00 0 \nVmFlags: rd wr ?? \n");
	struct mapping_line *lines;
	size_t count;

	if (!check_no_error(maps_parse(text, arena, &lines, &count), "smaps of 6.1") || !check(count == 2, "two mappings"))
		return;
	check(lines[0].flags == (MAPPING_LOCKED | MAPPING_LOCKED_ON_FAULT), "locked on fault without a name");
	check(lines[1].flags == 0, "another flag without a name");
}

static void check_bad_maps(struct arena *arena)
{
	static const char *const texts[] = {
		"VmFlags: rd\n",
		"1000-2000\n",
		"2000-1000 r--p 0 00:00 0\n",
		"1000-2000 r--\n",
		"1000-2000 r--p 0 00:00 x\n",
		"zzz\n",
	};
	struct mapping_line *lines;
	size_t count;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cleanup_free char *text = strdup(texts[i]);

		check_error(maps_parse(text, arena, &lines, &count), "unexpected text", texts[i]);
	}
}

#define STAT_END " 1 4 5 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 1140519 3133440 388 18446744073709551615 11 12 13 0 0 0 0 0 " \
		 "0 0 0 0 17 1 0 0 0 0 0 14 15 16 17 18 19 20 9\n"

static void check_stat(struct arena *arena)
{
	char odd[] = "744 (a) S (b\n) c) Z" STAT_END, cut[] = "744 (cat) R 1 2 3", nothing[] = "744 (cat) ", none[] = "744 cat R";
	cleanup_free char *text = recorded("stat");
	struct proc_stat stat;

	check_no_error(proc_stat_parse(text, arena, &stat), "stat");
	check(!strcmp(stat.comm, "cp") && stat.state == 'R' && stat.arg_start < stat.env_end && stat.start_brk, "fields of stat");
	check_no_error(proc_stat_parse(odd, arena, &stat), "a name with brackets");
	check(!strcmp(stat.comm, "a) S (b\n) c") && stat.state == 'Z' && stat.ppid == 1 && stat.session == 5, "fields behind it");
	check(stat.start_code == 11 && stat.start_data == 14 && stat.end_data == 15 && stat.start_brk == 16 &&
		  stat.arg_start == 17 && stat.env_end == 20 && stat.exit_code == 9, "addresses and exit code");
	check_error(proc_stat_parse(cut, arena, &stat), "field 7 is missing", "stat that is cut off");
	check_error(proc_stat_parse(nothing, arena, &stat), "unexpected text", "stat without a state");
	check_error(proc_stat_parse(none, arena, &stat), "unexpected text", "stat without a name");
}

static void check_status(struct arena *arena)
{
	static const char made[] = "Name:\tx\\ny\nUmask:\t0027\nTracerPid:\t99\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"
				   "FDSize:\t256\nGroups:\t4 20 4294967294 \nThreads:\t12\nCapInh:\t0000000000000001\n"
				   "CapPrm:\t000001ffffffffff\nCapEff:\t2\nCapBnd:\t3\nCapAmb:\t4\nNoNewPrivs:\t1\nSeccomp:\t2\n";
	cleanup_free char *text = recorded("status");
	struct proc_status status;

	check_no_error(proc_status_parse(text, arena, &status), "status");
	check(status.threads == 1 && status.umask == 022 && !status.tracer, "fields of status");
	check_no_error(proc_status_parse(made, arena, &status), "status with everything");
	check(status.uid[0] == 1 && status.uid[3] == 4 && status.gid[0] == 5 && status.gid[3] == 8, "ids");
	check(status.group_count == 3 && status.groups[0] == 4 && status.groups[2] == 4294967294, "groups");
	check(status.cap_inh == 1 && status.cap_prm == 0x1ffffffffff && status.cap_eff == 2 && status.cap_bnd == 3 &&
		  status.cap_amb == 4, "capabilities");
	check(status.umask == 027 && status.tracer == 99 && status.threads == 12 && status.no_new_privs && status.seccomp == 2 &&
		  status.descriptor_slots == 256, "the others");
	check_error(proc_status_parse("Name:\tx\nGid:\t1\t1\t1\t1\n", arena, &status), "no user ids", "status without ids");
	check_error(proc_status_parse("nothing", arena, &status), "unexpected text", "no status at all");
}

static void check_timers(struct arena *arena)
{
	cleanup_free char *text = recorded("timers");
	struct proc_timer *timers;
	size_t count;

	check_no_error(proc_timers_parse("", arena, &timers, &count), "no timers");
	check(count == 0, "none");
	if (!check_no_error(proc_timers_parse(text, arena, &timers, &count), "timers") || !check(count == 3, "three"))
		return;
	check(timers[0].id == 1 && timers[0].signal == SIGALRM && timers[0].value == 0x7ffd1234abcd &&
		  timers[0].notify == SIGEV_SIGNAL && timers[0].notify_pid == 4242, "a signal to the process");
	check(timers[1].id == 70000 && timers[1].notify == SIGEV_NONE && timers[1].clock_id == 1, "no signal");
	check(timers[2].notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID) && timers[2].notify_pid == 4243 &&
		  timers[2].clock_id == -6 && timers[2].value == UINT64_MAX, "a signal to a thread");
	check_error(proc_timers_parse("ID: 1\nsignal: 14/0\n", arena, &timers, &count), "unexpected text", "timers cut off");
	check_error(proc_timers_parse("ID: 1\nsignal: 14/0\nnotify: magic/pid.1\nClockID: 0\n", arena, &timers, &count),
		    "magic", "an unknown kind of timer");
}

static void check_fdinfo(void)
{
	cleanup_free char *text = recorded("fdinfo");
	const char *rest, *line;
	uint64_t value;

	check_no_error(fdinfo_number(text, "eventfd-count", 16, &value), "a counter");
	check(value == 0x2a, "its value");
	check_no_error(fdinfo_number(text, "flags", 8, &value), "flags");
	check(value == (O_RDWR | O_CLOEXEC), "their value");
	check_error(fdinfo_number(text, "event", 16, &value), "has no event", "a name is whole");
	check_error(fdinfo_number("pos:\n", "pos", 10, &value), "unexpected text", "no number");
	line = fdinfo_line(text, "tfd", &rest);
	check(line && !strncmp(rest, "        5", 9), "the first target");
	line = fdinfo_line(rest, "tfd", &rest);
	check(line && !strncmp(rest, "        6", 9), "the second target");
	check(!fdinfo_line(rest, "tfd", &rest), "and no third");
}

/* As Linux 6.18 writes them, in /proc/locks and in fdinfo. */
static void check_locks(void)
{
	struct proc_lock lock;

	check(proc_lock_parse("3: POSIX  ADVISORY  WRITE 18301 fe:00:10953041 5 14\n", &lock) && lock.kind == LOCK_POSIX &&
		  lock.type == F_WRLCK && lock.pid == 18301 && lock.inode == 10953041 && lock.start == 5 && lock.length == 10 &&
		  !lock.waits && !lock.breaking, "a POSIX lock");
	check(proc_lock_parse("2: OFDLCK ADVISORY  READ -1 fe:00:1 3 EOF", &lock) && lock.kind == LOCK_OFD &&
		  lock.type == F_RDLCK && lock.pid == -1 && lock.start == 3 && lock.length == 0, "an OFD lock");
	check(proc_lock_parse("4:  -> FLOCK  ADVISORY  WRITE 18343 fe:00:10953025 0 EOF", &lock) && lock.waits &&
		  lock.kind == LOCK_FLOCK && lock.pid == 18343, "one who waits behind another one");
	check(proc_lock_parse("\t1: LEASE  BREAKING  READ 18301 fe:00:10953059 0 EOF\n", &lock) && lock.kind == LOCK_LEASE &&
		  lock.breaking && lock.type == F_RDLCK, "a lease that is being broken");
	check(proc_lock_parse("1: -> LEASE  BREAKER   READ 18345 <none>:0 0 EOF", &lock) && lock.waits && !lock.breaking,
	      "one who breaks it");
	check(!proc_lock_parse("", &lock) && !proc_lock_parse("1: POSIX  ADVISORY  WRITE 18301 fe:00:1", &lock) &&
		  !proc_lock_parse("1: MAGIC  ADVISORY  WRITE 1 fe:00:1 0 EOF", &lock) &&
		  !proc_lock_parse("1: POSIX  ADVISORY  NONE 1 fe:00:1 0 EOF", &lock), "cut off, or unknown");
}

int main(void)
{
	struct arena arena = { 0 };

	check_maps(&arena);
	check_numa_maps(&arena);
	check_unnamed_flag(&arena);
	check_bad_maps(&arena);
	check_stat(&arena);
	check_status(&arena);
	check_timers(&arena);
	check_fdinfo();
	check_locks();
	arena_free(&arena);
	return tap_end();
}
