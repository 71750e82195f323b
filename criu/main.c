// SPDX-License-Identifier: GPL-2.0
/* main: find the command, run it, report the error once. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/parse.h"
#include "crit/crit.h"
#include "git_id.h"
#include "support/arena.h"
#include "support/fault.h"
#include "support/log.h"

enum { REMOVED_COMMAND = 255 };

static int print_version(void)
{
	printf("Version: %s\n", CRIU_VERSION);
	if (*CRIU_GIT_ID) /* built from a repository */
		printf("GitID: %s\n", CRIU_GIT_ID);
	return 0;
}

/* The last line of a failed run, which callers look for. */
static const char *failure_line(const char *command)
{
	if (!strcmp(command, "dump"))
		return "Dumping FAILED.";
	if (!strcmp(command, "pre-dump"))
		return "Pre-dumping FAILED.";
	if (!strcmp(command, "restore"))
		return "Restoring FAILED.";
	return NULL;
}

static int report(struct error *error, const char *command)
{
	const char *last = command ? failure_line(command) : NULL;

	if (!log_is_open()) /* it failed before the log was opened */
		error_ignore(log_open(NULL, LOG_LEVEL_WARNING), "log");
	log_error_value(error);
	if (last)
		log_write(LOG_LEVEL_ERROR, "criu", 0, "%s", last);
	/* A person at a terminal sees it too when the log is a file. */
	if (log_is_file()) {
		char *text = error_text(error);

		fprintf(stderr, "criu: %s\n", text ?: error->message);
		free(text);
	}
	error_free(error);
	return 1;
}

static struct error *check_user(const struct command_line *line)
{
	if (geteuid() == 0 || line->options.unprivileged)
		return NULL;
	printf("Running as non-root requires '--unprivileged'\n");
	return fail("criu must be run as root");
}

static int run_command(const struct command_line *line)
{
	const struct command *command = command_find(line->command);
	struct error *error;
	int status = 0;

	if (!strcmp(line->command, "exec") || !strcmp(line->command, "show")) {
		log_write(LOG_LEVEL_ERROR, "criu", 0, "the command %s was removed", line->command);
		return REMOVED_COMMAND;
	}
	if (!command)
		return report(with_hint(fail("unknown command \"%s\"", line->command), "See criu --help."), NULL);
	if (!strcmp(line->command, "swrk") && !line->word) {
		printf("Usage: criu swrk <fd>\n");
		return 1;
	}
	if (line->options.close >= 0)
		close(line->options.close);
	error = check_user(line);
	if (!error)
		error = command->function(line, &status);
	if (error)
		return report(error, line->command) && status ? status : EXIT_FAILURE;
	return status;
}

static int run(const struct command_line *line)
{
	if (line->version)
		return print_version();
	if (line->help) {
		print_help();
		return 0;
	}
	if (line->command)
		return run_command(line);
	print_usage();
	return 1;
}

int main(int argc, char **argv)
{
	struct command_line line;
	struct error *error;
	jmp_buf no_memory;
	int status;

	if (argc > 0 && !strcmp(basename(strdupa(argv[0])), "crit"))
		return crit_main(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "crit"))
		return crit_main(argc - 1, argv + 1);
	arena_rescue(&no_memory);
	if (_setjmp(no_memory))
		return report(out_of_memory(), NULL);
	error = fault_setup(getenv("CRIU_FAULT"));
	if (!error)
		error = parse_command_line(argc, argv, &line);
	status = error ? report(error, NULL) : run(&line);
	options_free(&line.options);
	return status;
}
