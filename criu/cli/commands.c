// SPDX-License-Identifier: GPL-2.0
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch/capability.h"
#include "commands/check.h"
#include "commands/cpuinfo.h"
#include "model/context.h"
#include "dump/dump.h"
#include "files/external.h"
#include "files/inherited.h"
#include "files/validate.h"
#include "git_id.h"
#include "hooks/script.h"
#include "image/directory.h"
#include "restore/restore.h"
#include "support/file.h"
#include "support/log.h"
#include "support/supervisor.h"

/* ---- what commands with images have in common ---- */

static void close_context(struct criu *criu)
{
	image_directory_close(criu->images);
	hooks_free(criu->hooks);
}
#define cleanup_context __attribute__((cleanup(close_context)))

static struct error *open_context(const struct command_line *line, bool for_writing, struct criu *criu)
{
	const struct options *options = &line->options;
	struct utsname name;

	criu->options = options;
	TRY(image_directory_open(options->images_dir, options->work_dir, for_writing, &criu->images));
	if (fchdir(criu->images->work_fd))
		return fail_errno("could not change to the work directory");
	TRY(log_open(options->log_file, options->verbosity));
	log_info("Version: %s (gitid %s)", CRIU_VERSION, *CRIU_GIT_ID ? CRIU_GIT_ID : "0");
	if (!uname(&name))
		log_info("Running on %s %s %s %s %s", name.sysname, name.nodename, name.release, name.version,
			 name.machine);
	TRY(check_applicable(line, command_find(line->command)->bit));
	TRY(hooks_new(&criu->hooks));
	for (size_t i = 0; i < options->action_script.count; i++)
		TRY(script_subscribe(criu->hooks, options->action_script.items[i], criu->images->fd));
	return NULL;
}

/* --status-fd: one NUL byte tells that criu is ready. */
static struct error *tell_ready(const struct options *options)
{
	if (options->status_fd < 0)
		return NULL;
	TRY(with_context(write_exactly(options->status_fd, "", 1), "--status-fd"));
	close(options->status_fd);
	return NULL;
}

/* The same options as for a dump, for some of them change what can be saved. */
static struct error *run_inspect(const struct command_line *line, int *status)
{
	cleanup_context struct criu criu = { 0 };
	struct options options = line->options;
	struct command_line inspected = *line;

	if (line->word)
		TRY(option_set(&options, "tree", line->word));
	if (!options.tree)
		return with_hint(fail("pid not specified"), "Name the root of the tree: criu inspect PID.");
	options.action_script.count = 0; /* no stage is reached that one waits for */
	inspected.options = options;
	TRY(external_check(&options, FOR_DUMP));
	TRY(supervisor_start("inspect-worker"));
	TRY(open_context(&inspected, false, &criu));
	return inspect_command(&criu, status);
}

static struct error *run_dump(const struct command_line *line, int *status)
{
	cleanup_context struct criu criu = { 0 };
	struct error *error;
	unsigned mode;

	if (!line->options.tree)
		return with_hint(fail("pid not specified"), "Name the root of the tree with --tree PID.");
	if (line->options.dry_run)
		return run_inspect(line, status);
	TRY(cpu_capability_parse(line->options.cpu_cap, 0, &mode)); /* only its words: nothing is compared */
	TRY(external_check(&line->options, FOR_DUMP));
	TRY(validate_check(&line->options));
	TRY(supervisor_start("dump-worker"));
	TRY(open_context(line, true, &criu));
	criu.images->shared = line->options.page_server;
	TRY(image_directory_lock(criu.images));
	TRY(tell_ready(&line->options));
	error = dump_command(&criu);
	if (error) /* a script that wants the tree to run on says so by its own status */
		*status = hooks_status(criu.hooks, HOOK_POST_DUMP);
	return error;
}

static struct error *run_restore(const struct command_line *line, int *status)
{
	cleanup_context struct criu criu = { 0 };

	if (line->options.restore_sibling && !line->options.restore_detached)
		return fail("--restore-sibling needs --restore-detached");
	if (line->options.exec_cmd && line->options.restore_detached)
		return fail("--exec-cmd cannot be used with --restore-detached");
	if (line->options.exec_cmd && (!line->options.exec_command || !line->options.exec_command[0]))
		return with_hint(fail("--exec-cmd needs a command"),
				 "Give it behind --: criu restore --exec-cmd -- COMMAND");
	TRY(external_check(&line->options, FOR_RESTORE));
	TRY(validate_check(&line->options));
	TRY(inherited_check(&line->options));
	TRY(open_context(line, false, &criu));
	image_directory_warn(criu.images);
	return restore_command(&criu, status);
}

static struct error *run_check(const struct command_line *line, int *status)
{
	const char *directory = line->options.work_dir ?: line->options.images_dir;

	if (chdir(directory))
		return fail_errno("could not change to the work directory %s", directory);
	TRY(log_open(line->options.log_file, line->options.verbosity));
	TRY(check_applicable(line, FOR_CHECK));
	return check_command(&line->options, status);
}

static struct error *run_cpuinfo(const struct command_line *line, int *status)
{
	cleanup_context struct criu criu = { 0 };
	bool dump = line->word && !strcmp(line->word, "dump");

	if (!dump && !(line->word && !strcmp(line->word, "check"))) {
		print_usage();
		return with_hint(fail("cpuinfo needs to be told what to do"),
				 "Use criu cpuinfo dump or criu cpuinfo check.");
	}
	TRY(open_context(line, dump, &criu));
	return dump ? cpuinfo_dump_command(&criu) : cpuinfo_check_command(&criu, status);
}

static struct error *run_not_built(const struct command_line *line, int *status)
{
	return with_hint(fail("the command %s is not supported yet", line->command),
			 "dump, restore, check and cpuinfo are.");
}

static const struct command commands[] = {
#define COMMAND(name, function, bit, help) { name, function, bit },
#include "cli/command_list.h"
#undef COMMAND
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}
