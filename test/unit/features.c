// SPDX-License-Identifier: GPL-2.0
/* The list of features, and the cache: believed when it is ours, of this boot and safe; else not. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/features.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

static char directory[] = "/tmp/features-XXXXXX", path[64];

/* What programs ask for. */
static const char *const names[] = {
	"mnt_id", "mem_dirty_track", "aio_remap", "timerfd", "tun", "tun_ns", "userns", "fdinfo_lock", "seccomp_suspend",
	"seccomp_filters", "loginuid", "cgroupns", "autofs", "tcp_half_closed", "compat_cr", "uffd", "uffd-noncoop",
	"can_map_vdso", "sk_ns", "sk_unix_file", "net_diag_raw", "nsid", "link_nsid", "kcmp_epoll", "timens",
	"external_net_ns", "clone3_set_tid", "newifindex", "nftables", "has_ipt_legacy", "pidfd_store", "ns_pid",
	"apparmor_stacking", "network_lock_nftables", "sockopt_buf_lock", "memfd_hugetlb", "move_mount_set_group", "openat2",
	"get_rseq_conf", "ipv6_freebind", "pagemap_scan", "timer_cr_ids", "overlayfs_maps", "breakpoints",
	"pagemap_scan_guard_pages", "io_uring",
};

static void check_list(void)
{
	bool whole = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check(feature_find(names[i]) < FEATURE_COUNT, "%s is known", names[i]);
	check(feature_find("kcmp") == FEATURE_COUNT && feature_find("tcp_window") == FEATURE_COUNT,
	      "those without a name for --feature are not");
	check(feature_find("list") == FEATURE_COUNT && feature_find("") == FEATURE_COUNT, "nor is anything else");
	for (enum feature i = 0; i < FEATURE_COUNT; i++)
		whole &= feature_rows[i].probe && strlen(feature_rows[i].lost) > 10;
	check(whole, "each has a probe and says what is lost");
}

static struct kernel *open_kernel(void)
{
	struct kernel *kernel = NULL;

	if (kernel_open(true, &kernel))
		abort();
	return kernel;
}

/* Asks about openat2, which every kernel we run on has. */
static void expect(const char *missing, const char *what)
{
	struct kernel *kernel = open_kernel();
	struct error *error = kernel_feature(kernel, FEATURE_openat2);

	if (missing)
		check_error(error, missing, what);
	else
		check_no_error(error, what);
	kernel_close(kernel);
}

static char *read_cache(void)
{
	char *text = NULL;

	return read_file_at(AT_FDCWD, path, &text, NULL) ? NULL : text;
}

static void write_cache(const char *text)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	if (!file)
		abort();
	fputs(text, file);
	fclose(file);
	chmod(path, 0600);
}

/* The cache with the answer turned into a lie, so that it shows whether it is believed. */
static char *make_lie(const char *text)
{
	const char *place = strstr(text, "openat2 yes");
	char *lie;

	if (!place || asprintf(&lie, "%.*sopenat2 no because of a lie%s", (int)(place - text), text, place + strlen("openat2 yes")) < 0)
		abort();
	return lie;
}

static void check_again(void)
{
	struct kernel *kernel = open_kernel();

	check_no_error(kernel_feature_again(kernel, FEATURE_openat2), "what is missing is probed again on demand");
	kernel_close(kernel);
	expect(NULL, "and the news are kept");
}

static void check_unsafe(const char *lie)
{
	char other[80], *place;
	cleanup_free char *old = strdup(lie);

	place = strstr(old, "boot ");
	place[5] = place[5] == '0' ? '1' : '0';
	write_cache(old);
	expect(NULL, "a cache of another boot is not believed");
	write_cache(lie);
	chmod(path, 0620);
	expect(NULL, "nor one that others may write");
	snprintf(other, sizeof(other), "%s/other", directory);
	write_cache(lie);
	rename(path, other);
	if (symlink(other, path))
		abort();
	expect(NULL, "nor one behind a link");
	unlink(other);
	unlink(path);
	mkfifo(path, 0600);
	expect(NULL, "and a pipe does not stop us");
	unlink(path);
	write_cache("garbage\n\n\n");
	expect(NULL, "nor does garbage");
}

static void check_cache(void)
{
	cleanup_free char *text = NULL, *lie = NULL;
	struct stat stat;

	expect(NULL, "a feature that is there");
	text = read_cache();
	if (!check(text && strstr(text, "\nopenat2 yes\n"), "the answer is kept"))
		return;
	check(!lstat(path, &stat) && (stat.st_mode & 07777) == 0600, "for this user only");
	check(!strstr(text, "timerfd"), "and nothing that was not asked for");
	lie = make_lie(text);
	write_cache(lie);
	expect("because of a lie", "the cache is believed");
	check_again();
	check_unsafe(lie);
	if (geteuid() == 0) {
		write_cache(lie);
		if (chown(path, 12345, 12345))
			abort();
		expect(NULL, "nor one of another user");
	}
}

int main(void)
{
	if (!mkdtemp(directory))
		abort();
	setenv("XDG_RUNTIME_DIR", directory, 1);
	snprintf(path, sizeof(path), "%s/criu.kdat", directory);
	check_list();
	check_cache();
	unlink(path);
	check(!rmdir(directory), "nothing else is left");
	return tap_end();
}
