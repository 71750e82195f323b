// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
// differs: mapping .*deleted
/* Files on an overlayfs: of the upper and the lower layer, copied up before and after they were opened, deleted in
 * both, a directory of both, locks. */
#include "mounted.h"

static int make_lower(const char *name, const char *text)
{
	char path[64] = "lower/";

	strcat(path, name);
	must(close(make_file(path, text)));
	return 0;
}

static void check_text(int fd, const char *text)
{
	char now[32] = "";

	check_equal(pread(fd, now, 32, 0), strlen(text));
	check(strcmp(now, text) == 0, "%s instead of %s", now, text);
}

int main(void)
{
	int lower, copied, opened_before, deleted, copied_deleted, both, renamed;
	const char *mapped, *mapped_deleted;
	struct state state;

	must(mkdir("lower", 0755));
	must(mkdir("upper", 0755));
	must(mkdir("work", 0755));
	must(mkdir("lower/both", 0755));
	must(mkdir("upper/both", 0755));
	make_lower("both/from-lower", "");
	make_lower("read", "of the lower layer");
	make_lower("copied", "original");
	make_lower("before", "old");
	make_lower("lower-deleted", "deleted below");
	make_lower("copied-deleted", "changed, ");
	make_lower("renamed", "another name");
	if (!mount_here("overlay", "overlay", "lowerdir=lower,upperdir=upper,workdir=work"))
		skip("no overlayfs here");
	build_state(&state);
	lower = must(open(MOUNTED "/read", O_RDONLY));
	mapped = must(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, lower, 0));
	copied = must(open(MOUNTED "/copied", O_RDWR));
	must(pwrite(copied, "changed!", 8, 0));
	opened_before = must(open(MOUNTED "/before", O_RDONLY));
	must(close(must(open(MOUNTED "/before", O_RDWR | O_APPEND))));
	deleted = must(open(MOUNTED "/lower-deleted", O_RDONLY));
	mapped_deleted = must(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, deleted, 0));
	must(unlink(MOUNTED "/lower-deleted"));
	copied_deleted = must(open(MOUNTED "/copied-deleted", O_RDWR | O_APPEND));
	must(write(copied_deleted, "deleted", 7));
	must(unlink(MOUNTED "/copied-deleted"));
	renamed = must(open(MOUNTED "/renamed", O_RDONLY));
	must(rename(MOUNTED "/renamed", MOUNTED "/new-name"));
	both = must(open(MOUNTED "/both", O_RDONLY | O_DIRECTORY));
	must(close(make_file(MOUNTED "/both/from-upper", "")));

	checkpoint();

	check_state(&state);
	check_text(lower, "of the lower layer");
	check(strcmp(mapped, "of the lower layer") == 0);
	check_text(copied, "changed!");
	check_text(opened_before, "old");
	check_text(deleted, "deleted below");
	check(strcmp(mapped_deleted, "deleted below") == 0);
	check_text(copied_deleted, "changed, deleted");
	check_equal(write(copied_deleted, "!", 1), 1);
	check_text(renamed, "another name");
	check_equal(faccessat(both, "from-lower", F_OK, 0), 0);
	check_equal(faccessat(both, "from-upper", F_OK, 0), 0);
	check(access(MOUNTED "/lower-deleted", F_OK) < 0);
	return finish();
}
