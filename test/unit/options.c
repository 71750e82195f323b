// SPDX-License-Identifier: GPL-2.0
/* Command lines and configuration files, and the list of options itself. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/parse.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "tap.h"

enum { MOST_WORDS = 16 };

/* Words are copied: the parser may write into them. The copies stay, values point into them. */
static struct error *parse_words(struct command_line *line, const char *const *words)
{
	static char *arguments[MOST_WORDS + 1];
	int count = 1;

	arguments[0] = strdup("criu");
	for (; words[count - 1]; count++)
		arguments[count] = strdup(words[count - 1]);
	arguments[count] = NULL;
	return parse_command_line(count, arguments, line);
}
#define PARSE(line, ...) parse_words(line, (const char *const[]){ __VA_ARGS__, NULL })

static void check_values(void)
{
	struct command_line line;

	check_no_error(PARSE(&line, "dump"), "no options");
	check(!strcmp(line.command, "dump") && line.options.verbosity == 2 && line.options.timeout == 0 &&
		  line.options.ghost_limit == 1 << 20 && !strcmp(line.options.images_dir, ".") &&
		  line.options.status_fd == -1 && line.options.ghost_fiemap, "defaults");
	check_no_error(PARSE(&line, "-t", "42", "dump", "-D/tmp/x", "--work-dir=/w", "-sR", "-j"), "short and long");
	check(line.options.tree == 42 && !strcmp(line.options.images_dir, "/tmp/x") && !strcmp(line.options.work_dir, "/w") &&
		  line.options.leave_stopped && line.options.leave_running && line.options.shell_job, "their values");
	check_no_error(PARSE(&line, "dump", "--tree", "7", "--ghost-limit", "3G", "--no-ghost-fiemap"), "a size");
	check(line.options.ghost_limit == 3ULL << 30 && !line.options.ghost_fiemap, "its value, and a flag taken back");
	check_no_error(PARSE(&line, "dump", "--action-script", "a", "--action-script=b"), "a list");
	check(line.options.action_script.count == 2 && !strcmp(line.options.action_script.items[1], "b"), "its values");
	check_no_error(PARSE(&line, "cpuinfo", "check", "--cpu-cap", "-D", "x"), "an optional value left out");
	check(line.options.cpu_cap && !*line.options.cpu_cap && !strcmp(line.word, "check"), "is empty");
	check_no_error(PARSE(&line, "cpuinfo", "check", "--cpu-cap=fpu"), "an optional value");
	check(!strcmp(line.options.cpu_cap, "fpu"), "is taken");
	check_no_error(PARSE(&line, "restore", "--exec-cmd", "--", "sh", "-c", "--help"), "a command behind --");
	check(!line.help && line.options.exec_cmd && !strcmp(line.options.exec_command[2], "--help"), "is left alone");
	check_no_error(PARSE(&line, "check", "--all"), "--all");
	check(line.options.extra && line.options.experimental, "is both");
	check_no_error(PARSE(&line, "service", "-d"), "-d");
	check(line.options.daemon && line.options.restore_detached, "is one flag with two names");
}

static void check_verbosity(void)
{
	static const struct {
		const char *text;
		int level;
	} rows[] = { { "-v", 3 }, { "-vv", 4 }, { "-v0", 0 }, { "-v4", 4 }, { "--verbosity", 3 }, { "--verbosity=1", 1 } };
	struct command_line line;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_no_error(PARSE(&line, "dump", rows[i].text), rows[i].text);
		check(line.options.verbosity == rows[i].level, "%s is %d", rows[i].text, line.options.verbosity);
	}
	check_error(PARSE(&line, "dump", "-vx"), "invalid value", "-vx");
}

static void check_refused(void)
{
	struct command_line line;

	check_error(PARSE(&line, "dump", "-t", "0"), "invalid value \"0\" for --tree", "pid 0");
	check_error(PARSE(&line, "dump", "-t", "12x"), "invalid value", "a pid with a letter");
	check_error(PARSE(&line, "dump", "-t", "99999999999"), "invalid value", "a pid that is too large");
	check_error(PARSE(&line, "dump", "--tree"), "needs a value", "no value");
	check_error(PARSE(&line, "dump", "-t"), "needs a value", "no value for a letter");
	check_error(PARSE(&line, "dump", "--leave-running=yes"), "takes no value", "a flag with a value");
	check_error(PARSE(&line, "dump", "--no-leave-running"), "unknown option", "a flag that has no other form");
	check_error(PARSE(&line, "dump", "--no-shell-job=1"), "takes no value", "a flag taken back with a value");
	check_error(PARSE(&line, "dump", "--leave"), "unknown option --leave", "half a name");
	check_error(PARSE(&line, "dump", "-Z"), "unknown option -Z", "an unknown letter");
	check_error(PARSE(&line, "dump", "--ghost-limit", "1T"), "K, M or G", "an unknown unit");
	check_error(PARSE(&line, "dump", "--ghost-limit", "99999999999G"), "invalid value", "a size beyond 64 bits");
	check_error(PARSE(&line, "dump", "--ghost-limit", "-1"), "invalid value", "a negative size");
	check_error(PARSE(&line, "cpuinfo", "dump", "more"), "unexpected argument \"more\"", "a word too many");
	check_error(PARSE(&line, "check", "--ms"), "--ms was removed", "a removed option");
	check_error(PARSE(&line, "restore", "--join-ns", "net:1"), "not supported yet", "an option that is not built");
}

/* What the log gets about options that mean nothing to a command. */
static char *applied(uint32_t command, const char *const *words, bool refused)
{
	static const char path[] = "/tmp/options-test.log";
	struct command_line line;
	char *text = NULL;

	check_no_error(parse_words(&line, words), "parsed");
	unlink(path);
	check_no_error(log_open(path, 2), "a log");
	if (refused)
		check_error(check_applicable(&line, command), "cannot be used", "refused");
	else
		check_no_error(check_applicable(&line, command), "not refused");
	log_close();
	check_no_error(read_file_at(AT_FDCWD, path, &text, NULL), "the log");
	unlink(path);
	return text;
}

static void check_meaning(void)
{
	cleanup_free char *good = applied(FOR_DUMP, (const char *const[]){ "dump", "-t", "1", "-D", "x", "-R", NULL }, false);
	cleanup_free char *bad = applied(FOR_RESTORE, (const char *const[]){ "restore", "-t", "1", "-R", "-d", NULL }, false);
	cleanup_free char *daemon = applied(FOR_SERVICE, (const char *const[]){ "service", "-d", NULL }, false);

	check(!*good, "all mean something to dump");
	check(strstr(bad, "--tree has no meaning for restore") && strstr(bad, "--leave-running has no meaning for restore"),
	      "two mean nothing to restore");
	check(!strstr(bad, "detached") && !*daemon, "-d means something to both");
}

/* ---- files ---- */

static struct error *parse_text(struct options *options, const char *text)
{
	options_set_defaults(options);
	return config_text_parse(options, strdup(text), "file");
}

static void check_files(void)
{
	static const char *const wrong[] = { "log-file a b\n", "log-file \"a\n", "log-file \"a\" b\n", "nonsense\n", "tree\n",
					     "tree word\n", "leave-running yes\n", "no-leave-running\n", "dump\n" };
	struct options options;
	cleanup_free char *text = NULL;

	check_no_error(read_file_at(AT_FDCWD, "test/fuzz/seeds/config/all", &text, NULL), "a file with everything");
	check_no_error(parse_text(&options, text), "is read");
	check(options.leave_running && !strcmp(options.log_file, "dump \"of\" today # really.log"), "quotes");
	check(options.ghost_limit == 4 << 20 && options.verbosity == 4 && options.cpu_cap && !*options.cpu_cap, "values");
	check(options.action_script.count == 2 && !strcmp(options.action_script.items[1], "/bin/false"), "lists");
	check_no_error(parse_text(&options, "shell-job#comment\nlog-file a # b\r\n\n   \nno-shell-job"), "comments and blanks");
	check(!options.shell_job && !strcmp(options.log_file, "a"), "a later line wins");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		check_error(parse_text(&options, wrong[i]), "file, line 1: ", wrong[i]);
	check_no_error(config_file_read(&options, "/nowhere/at/all"), "a missing file is skipped");
}

static void write_text(const char *directory, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	if (!file)
		abort();
	fputs(text, file);
	fclose(file);
}

/* Home, then the environment's, then --config, then the line; --config hides the first. */
static void check_order(void)
{
	char directory[] = "/tmp/options-XXXXXX", path[128], own[128];
	struct command_line line;

	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/.criu", directory);
	mkdir(path, 0700);
	write_text(directory, ".criu/default.conf", "log-file home\nleave-running\n");
	write_text(directory, "environment", "log-file environment\n");
	write_text(directory, "own", "log-file own\n");
	snprintf(own, sizeof(own), "%s/own", directory);
	setenv("HOME", directory, 1);
	check_no_error(PARSE(&line, "dump"), "the file at home");
	check(!strcmp(line.options.log_file, "home") && line.options.leave_running, "is read");
	check_no_error(PARSE(&line, "dump", "--no-default-config"), "the file at home switched off");
	check(!line.options.log_file, "is not read");
	snprintf(path, sizeof(path), "%s/environment", directory);
	setenv("CRIU_CONFIG_FILE", path, 1);
	check_no_error(PARSE(&line, "dump"), "the file of the environment");
	check(!strcmp(line.options.log_file, "environment") && line.options.leave_running, "comes after that at home");
	check_no_error(PARSE(&line, "dump", "--config", own), "the file of --config");
	check(!strcmp(line.options.log_file, "own") && !line.options.leave_running, "comes last, and hides that at home");
	check_no_error(PARSE(&line, "dump", "-o", "line", "--config", own), "the command line");
	check(!strcmp(line.options.log_file, "line"), "wins");
	unsetenv("CRIU_CONFIG_FILE");
	unlink(own);
	unlink(path);
	snprintf(path, sizeof(path), "%s/.criu/default.conf", directory);
	unlink(path);
	path[strlen(path) - strlen("/default.conf")] = '\0';
	rmdir(path);
	rmdir(directory);
}

/* ---- the list ---- */

static void check_list(void)
{
	bool unique = true, plain = true, meant = true;

	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		for (size_t j = 0; j < i; j++)
			unique &= strcmp(row->name, option_rows[j].name) && row->offset != option_rows[j].offset &&
				  (!row->letter || row->letter != option_rows[j].letter || row->letter == 'd');
		plain &= strspn(row->name, "abcdefghijklmnopqrstuvwxyz-") == strlen(row->name) && *row->help &&
			 row->help[strlen(row->help) - 1] != '.';
		plain &= !row->negation || row->type == OPTION_FLAG;
		meant &= row->commands != 0;
	}
	check(option_row_count >= 85, "%zu options", option_row_count);
	check(unique, "names, letters and places are unique");
	check(plain, "names and texts have their form, and only flags can be taken back");
	check(meant, "each is for some command");
	check(command_find("dump") && command_find("cpuinfo") && !command_find("dum") && !command_find("exec"), "commands");
}

int main(void)
{
	setenv("HOME", "/nowhere", 1);
	unsetenv("CRIU_CONFIG_FILE");
	unsetenv("CRIU_DEPRECATED");
	check_values();
	check_verbosity();
	check_refused();
	check_meaning();
	check_files();
	check_order();
	check_list();
	return tap_end();
}
