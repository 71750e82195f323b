// SPDX-License-Identifier: GPL-2.0
/* The command line of crit. */
#include "crit/crit.h"

#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crit/convert.h"
#include "crit/explore.h"
#include "crit/text.h"
#include "crit/verify.h"
#include "support/cleanup.h"
#include "support/file.h"

enum { EXIT_USAGE = 2 };

struct arguments {
	const char *program, *in, *out; /* in, out: NULL is standard input or output */
	struct decode_options decode;
	char **words; /* what is left after the options */
	int word_count;
};

struct command {
	const char *name, *usage, *help;
	int words; /* how many must follow the options */
	const char *options;
	struct error *(*run)(const struct arguments *arguments);
};

/* ---- input and output ---- */

/* Everything from a file, or from standard input (which may be a pipe or a socket). */
static struct error *read_input(const char *path, char **ret, size_t *length)
{
	cleanup_free char *copy = NULL;
	size_t used = 0, size = 1 << 16;
	ssize_t n;

	if (path)
		return read_file_at(AT_FDCWD, path, ret, length);
	for (;;) {
		char *larger = realloc(copy, size *= 2);

		if (!larger)
			return out_of_memory();
		copy = larger;
		while (used < size && (n = read(STDIN_FILENO, copy + used, size - used)) != 0) {
			if (n < 0 && errno != EINTR)
				return fail_errno("could not read from standard input");
			used += n > 0 ? n : 0;
		}
		if (used < size)
			break;
	}
	*ret = take_pointer(copy);
	*length = used;
	return NULL;
}

static struct error *open_output(const char *path, FILE **ret)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : dup(STDOUT_FILENO);

	if (fd < 0)
		return fail_errno("could not write to %s", path ?: "standard output");
	*ret = fdopen(fd, "w");
	if (*ret)
		return NULL;
	close(fd);
	return out_of_memory();
}

static const char *input_name(const struct arguments *arguments)
{
	return arguments->in ?: "standard input";
}

/* ---- the commands ---- */

static struct error *run_decode(const struct arguments *arguments)
{
	cleanup_json struct json_object *json = NULL;
	cleanup_free char *data = NULL;
	cleanup_fclose FILE *out = NULL;
	size_t length, unknown;

	TRY(read_input(arguments->in, &data, &length));
	TRY(image_decode(data, length, input_name(arguments), &arguments->decode, &json, &unknown));
	if (unknown)
		fprintf(stderr, "%s: warning: %zu fields that this version does not know are left out\n",
			arguments->program, unknown);
	TRY(open_output(arguments->out, &out));
	return json_write(out, json, arguments->decode.pretty);
}

static struct error *run_show(const struct arguments *arguments)
{
	struct arguments decode = *arguments;

	decode.in = arguments->words[0];
	decode.decode.pretty = true;
	return run_decode(&decode);
}

static struct error *run_encode(const struct arguments *arguments)
{
	cleanup_json struct json_object *json = NULL;
	cleanup_free char *text = NULL, *image = NULL;
	cleanup_fclose FILE *out = NULL;
	size_t length, size;

	if (!arguments->out && isatty(STDOUT_FILENO))
		return with_hint(fail("an image is not for a terminal"), "Name a file with -o, or use a pipe.");
	TRY(read_input(arguments->in, &text, &length));
	TRY(with_context(json_parse(text, length, &json), "%s", input_name(arguments)));
	TRY(with_context(image_encode(json, &image, &size), "%s", input_name(arguments)));
	TRY(open_output(arguments->out, &out));
	if (fwrite(image, 1, size, out) != size || fflush(out))
		return fail_errno("could not write the image");
	return NULL;
}

static struct error *run_info(const struct arguments *arguments)
{
	cleanup_json struct json_object *json = NULL;
	cleanup_free char *data = NULL;
	cleanup_fclose FILE *out = NULL;
	size_t length;

	TRY(read_input(arguments->words[0], &data, &length));
	TRY(image_info(data, length, arguments->words[0], &json));
	TRY(open_output(NULL, &out));
	return json_write(out, json, true);
}

static struct error *run_explore(const struct arguments *arguments)
{
	cleanup_fclose FILE *out = NULL;

	TRY(open_output(NULL, &out));
	return explore(arguments->words[0], arguments->words[1], out);
}

static struct error *run_verify(const struct arguments *arguments)
{
	cleanup_fclose FILE *out = NULL;

	TRY(open_output(NULL, &out));
	return verify(arguments->words[0], out);
}

static const struct command commands[] = {
	{ "decode", "[-i IN] [-o OUT] [--pretty] [--nopl]", "image to JSON", 0, "iopn", run_decode },
	{ "encode", "[-i IN] [-o OUT]", "JSON to image", 0, "io", run_encode },
	{ "info", "IN", "what kind of image it is, and how many entries it has", 1, "", run_info },
	{ "x", "DIR {ps|fds|mems|rss}", "explore the images in a directory", 2, "", run_explore },
	{ "verify", "DIR", "whether the images in a directory are complete and undamaged", 1, "", run_verify },
	{ "show", "[--nopl] IN", "image to JSON for people, on standard output", 1, "n", run_show },
	{},
};

/* ---- the command line ---- */

static void print_usage(FILE *stream, const char *program, const struct command *command)
{
	if (command)
		fprintf(stream, "usage: %s %s [-h] %s\n", program, command->name, command->usage);
	else
		fprintf(stream, "usage: %s [-h] {decode,encode,info,x,verify,show} ...\n", program);
}

static int print_help(const char *program, const struct command *command)
{
	print_usage(stdout, program, command);
	if (command)
		printf("\n%s\n", command->help);
	else
		printf("\nImages of CRIU as JSON and back.\n\ncommands:\n");
	for (const struct command *each = commands; !command && each->name; each++)
		printf("  %-8s%s\n", each->name, each->help);
	printf("\noptions:\n  -h, --help     show this help\n");
	if (command && strchr(command->options, 'i'))
		printf("  -i, --in IN    read from this file instead of standard input\n");
	if (command && strchr(command->options, 'o'))
		printf("  -o, --out OUT  write to this file instead of standard output\n");
	if (command && strchr(command->options, 'p'))
		printf("  --pretty       several lines, with numbers in the forms that people read\n");
	if (command && strchr(command->options, 'n'))
		printf("  --nopl         say only how large the payload of an entry is\n");
	for (const struct explore_topic *topic = explore_topics; command && command->run == run_explore && topic->name;
	     topic++)
		printf("%s  %-8s%s\n", topic == explore_topics ? "\ntopics:\n" : "", topic->name, topic->help);
	return 0;
}

static int usage_error(const char *program, const struct command *command, const char *what)
{
	print_usage(stderr, program, command);
	fprintf(stderr, "%s: error: %s\n", program, what);
	return EXIT_USAGE;
}

static int run_command(const char *program, const struct command *command, const struct arguments *arguments)
{
	struct error *error = command->run(arguments);
	cleanup_free char *text = error ? error_text(error) : NULL;

	if (!error)
		return EXIT_SUCCESS;
	fprintf(stderr, "%s: error: %s\n", program, text ?: error->message);
	error_free(error);
	return EXIT_FAILURE;
}

/* An option of the table below that this command has. */
static bool take_option(struct arguments *arguments, const struct command *command, int option, const char *value)
{
	if (!strchr(command->options, option))
		return false;
	if (option == 'i')
		arguments->in = value;
	else if (option == 'o')
		arguments->out = value;
	else if (option == 'p')
		arguments->decode.pretty = true;
	else
		arguments->decode.no_payload = true;
	return true;
}

static int parse_command(const char *program, const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{ "in", required_argument, NULL, 'i' }, { "out", required_argument, NULL, 'o' },
		{ "pretty", no_argument, NULL, 'p' },	{ "nopl", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },	{},
	};
	struct arguments arguments = { .program = program };
	int option;

	optind = 0; /* starts again, options may stand behind words */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "hi:o:", options, NULL)) != -1) {
		if (option == 'h')
			return print_help(program, command);
		if (option == '?' || !take_option(&arguments, command, option, optarg))
			return usage_error(program, command, "wrong option, or its value is missing");
	}
	arguments.words = argv + optind;
	arguments.word_count = argc - optind;
	if (arguments.word_count < command->words)
		return usage_error(program, command, "too few arguments");
	if (arguments.word_count > command->words)
		return usage_error(program, command, "too many arguments");
	return run_command(program, command, &arguments);
}

int crit_main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *program = slash ? slash + 1 : argc ? argv[0] : "crit";

	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")))
		return print_help(program, NULL);
	for (const struct command *command = commands; argc > 1 && command->name; command++)
		if (!strcmp(command->name, argv[1]))
			return parse_command(program, command, argc - 1, argv + 1);
	return usage_error(program, NULL, argc > 1 ? "there is no such command" : "too few arguments");
}
