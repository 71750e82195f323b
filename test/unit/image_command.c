// SPDX-License-Identifier: GPL-2.0
/* crit as a command: options, files and streams, messages and exit status. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crit/crit.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

#define RECORDED "test/images/4.2/"

struct result {
	int status;
	char *out, *err;
	size_t out_length;
};

static char directory[] = "/tmp/image-command-XXXXXX";

static void free_result(struct result *result)
{
	free(result->out);
	free(result->err);
}

/* Runs crit with words up to NULL in a child; standard input comes from a file. */
static struct result run(const char *input, const char *const *words)
{
	struct result result = {};
	char out[64], err[64], *arguments[16] = { "crit" };
	int count = 1;
	pid_t child;

	snprintf(out, sizeof(out), "%s/out", directory);
	snprintf(err, sizeof(err), "%s/err", directory);
	for (; words[count - 1]; count++)
		arguments[count] = (char *)words[count - 1];
	child = fork();
	if (!child) {
		dup2(open(input ?: "/dev/null", O_RDONLY), 0);
		dup2(open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
		dup2(open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
		exit(crit_main(count, arguments));
	}
	waitpid(child, &result.status, 0);
	result.status = WIFEXITED(result.status) ? WEXITSTATUS(result.status) : -1;
	error_free(read_file_at(AT_FDCWD, out, &result.out, &result.out_length));
	error_free(read_file_at(AT_FDCWD, err, &result.err, NULL));
	return result;
}

#define RUN(input, ...) run(input, (const char *const[]){ __VA_ARGS__, NULL })

/* The exit status, and texts that must be in what was written (NULL: not looked at). */
static void expect(struct result result, int status, const char *out, const char *err, const char *what)
{
	bool fine = result.status == status && (!out || strstr(result.out, out)) && (!err || strstr(result.err, err));

	if (!check(fine, "%s", what))
		printf("# status %d\n# out: %s\n# err: %s\n", result.status, result.out, result.err);
	free_result(&result);
}

static bool equal_files(const char *a, const char *b)
{
	cleanup_free char *x = NULL, *y = NULL;
	size_t x_length = 0, y_length = 1;

	error_free(read_file_at(AT_FDCWD, a, &x, &x_length));
	error_free(read_file_at(AT_FDCWD, b, &y, &y_length));
	return x && y && x_length == y_length && !memcmp(x, y, x_length);
}

static void test_usage(void)
{
	expect(run(NULL, (const char *const[]){ NULL }), 2, NULL, "usage: crit", "no arguments");
	expect(RUN(NULL, "--help"), 0, "decode", "", "help");
	expect(RUN(NULL, "decode", "--help"), 0, "--pretty", "", "help of a command");
	expect(RUN(NULL, "x", "-h"), 0, "rss", "", "help with topics");
	expect(RUN(NULL, "dance"), 2, NULL, "no such command", "an unknown command");
	expect(RUN(NULL, "decode", "--nonsense"), 2, NULL, "usage: crit decode", "an unknown option");
	expect(RUN(NULL, "encode", "--pretty"), 2, NULL, "wrong option", "an option of another command");
	expect(RUN(NULL, "decode", "-i"), 2, NULL, "its value is missing", "an option without its value");
	expect(RUN(NULL, "show"), 2, NULL, "too few", "too few arguments");
	expect(RUN(NULL, "info", "a", "b"), 2, NULL, "too many", "too many arguments");
}

static void test_conversion(void)
{
	char image[64], json[64];

	snprintf(image, sizeof(image), "%s/made.img", directory);
	snprintf(json, sizeof(json), "%s/made.json", directory);
	expect(RUN(NULL, "decode", "--pretty", "-i", RECORDED "one/fs-18534.img", "-o", json), 0, "", "", "decode to a file");
	check(equal_files(json, RECORDED "one/json/fs-18534.json"), "is the recorded text");
	expect(RUN(NULL, "encode", "--in", json, "--out", image), 0, "", "", "encode to a file");
	check(equal_files(image, RECORDED "one/fs-18534.img"), "is the recorded image");
	expect(RUN(RECORDED "one/fs-18534.img", "decode"), 0,
	       "{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 5, \"root_id\": 6, \"umask\": 18}]}\n", "", "streams");
	expect(RUN(RECORDED "one/mm-18534.img", "decode"), 0, "\"mm_start_code\": 4198400, ", "", "plain numbers");
	expect(RUN(json, "encode"), 0, "\x19\x43VT", "", "an image on a stream");
	expect(RUN(NULL, "show", RECORDED "files/ghost-file-1.img"), 0, "    \"extra\": \"ZGVsZXRlZCBmaWxl\\n\"", "", "show");
	expect(RUN(NULL, "show", RECORDED "files/ghost-file-1.img", "--nopl"), 0, "<12 bytes>", "", "without payload");
	expect(RUN(NULL, "info", RECORDED "one/pagemap-18534.img"), 0,
	       "{\n    \"magic\": \"PAGEMAP\",\n    \"count\": 8,\n    \"pages\": 16\n}\n", "", "info");
	expect(RUN(NULL, "info", RECORDED "ns/ipcns-msg-11.img"), 0, "\"count\": 1\n", "", "info passes over payload");
}

/* Field 99 is of no message. */
static void test_unknown_field(void)
{
	static const unsigned char image[] = { 0x19, 0x43, 0x56, 0x54, 0x26, 0x73, 0x15, 0x61, 3, 0, 0, 0, 0x98, 6, 1 };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/newer.img", directory);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	check_no_error(write_exactly(fd, image, sizeof(image)), "an image of a later version");
	close(fd);
	expect(RUN(NULL, "show", path), 0, "PIDNS", "1 fields that this version does not know", "a warning");
}

static void test_failures(void)
{
	expect(RUN(NULL, "decode", "-i", "/nonexistent"), 1, "", "crit: error: could not open /nonexistent",
	       "an image that is not there");
	expect(RUN(NULL, "decode"), 1, "", "standard input: unexpected end of the image", "an empty image");
	expect(RUN(NULL, "show", "Makefile"), 1, "", "hint: The file is no image", "no image");
	expect(RUN("Makefile", "encode"), 1, "", "standard input: the JSON text is wrong", "no JSON");
	expect(RUN(NULL, "decode", "-i", RECORDED "one/fs-18534.img", "-o", "/nonexistent/x"), 1, "",
	       "could not write to /nonexistent/x", "output that cannot be made");
	expect(RUN(RECORDED "one/fs-18534.img", "decode", "-o", "/dev/full"), 1, "", "could not write", "no room");
}

static void test_explore(void)
{
	expect(RUN(NULL, "x", RECORDED "tree", "ps"), 0,
	       "    PID   PGID    SID   COMM\n"
	       "  18688  18688  18688   sample\n"
	       "  18690  18688  18688     sample\n"
	       "  18694  18694  18694       sample\n"
	       "  18691  18691  18688     sample\n"
	       "  18693  18693  18693       sample\n"
	       "  18692  18688  18688     sample\n",
	       "", "ps");
	expect(RUN(NULL, "x", RECORDED "files", "fds"), 0,
	       "18613 sample\n\t      0: /dev/null\n\t      1: /dev/null\n\t      2: /dev/null\n\t      3: pipe[2766957]\n", "",
	       "fds");
	expect(RUN(NULL, "x", RECORDED "sockets", "fds"), 0, "\t      5: unix[2767009 (0) @set-abstract]\n\t      6: tcp[2767010]:28455-0\n",
	       "", "fds of sockets");
	expect(RUN(NULL, "x", RECORDED "ns", "mems"), 0,
	       "\t00401000-0048d000 r-xp /opt/sample/sample + 0x1000\n", "", "mems");
	expect(RUN(NULL, "x", RECORDED "ns", "mems"), 0, "rw-s sysv[0]\n", "", "mems of shared memory");
	expect(RUN(NULL, "x", RECORDED "tree", "rss"), 0, "\t10a2f000 / 3        [heap]\n", "", "rss");
	expect(RUN(NULL, "x", RECORDED "tree", "all"), 1, "", "Use one of ps, fds, mems, rss", "nothing to explore");
	expect(RUN(NULL, "x", directory, "ps"), 1, "", "no images of processes", "an empty directory");
	expect(RUN(NULL, "x", "/nonexistent", "ps"), 1, "", "could not open the directory", "no directory");
}

int main(void)
{
	char command[64];

	check(mkdtemp(directory) != NULL, "a directory for the test");
	test_usage();
	test_conversion();
	test_unknown_field();
	test_failures();
	test_explore();
	snprintf(command, sizeof(command), "rm -r %s", directory);
	check(!system(command), "cleaned");
	return tap_end();
}
