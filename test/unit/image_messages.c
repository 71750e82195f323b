// SPDX-License-Identifier: GPL-2.0
/*
 * The .proto files against the tables of the image format in test/images: every message,
 * field, number, label, type, default and enum value, and nothing else but what is marked
 * as our own addition.
 */
#include <ctype.h>
#include <glob.h>

#include "support/arena.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

#include <fcntl.h>

struct rows {
	char **rows;
	size_t count, capacity;
};

struct parser {
	struct arena *arena;
	const char *at;
	struct rows fields, values, enums; /* enums: full names, to tell them from messages */
};

static void add_row(struct arena *arena, struct rows *rows, char *row)
{
	*arena_append(arena, rows->rows, rows->count, rows->capacity) = row;
}

/* The next word or sign of a .proto file, comments passed over; NULL at the end. */
static char *next_token(struct parser *parser)
{
	const char *start;

	for (;;) {
		parser->at += strspn(parser->at, " \t\n");
		if (!strncmp(parser->at, "//", 2))
			parser->at += strcspn(parser->at, "\n");
		else if (!strncmp(parser->at, "/*", 2))
			parser->at = strstr(parser->at, "*/") + 2;
		else
			break;
	}
	start = parser->at;
	if (!*start)
		return NULL;
	if (*start == '"')
		parser->at = strchr(start + 1, '"') + 1;
	else if (isalnum(*start) || *start == '_' || *start == '-')
		while (isalnum(*parser->at) || strchr("_-.", *parser->at))
			parser->at++;
	else
		parser->at++;
	char *token = arena_alloc(parser->arena, parser->at - start + 1);

	memcpy(token, start, parser->at - start);
	return token;
}

static bool is(const char *token, const char *text)
{
	return token && !strcmp(token, text);
}

static void parse_enum(struct parser *parser, const char *name)
{
	char *token, *number;

	add_row(parser->arena, &parser->enums, (char *)name);
	next_token(parser); /* { */
	while (!is(token = next_token(parser), "}")) {
		next_token(parser); /* = */
		number = next_token(parser);
		next_token(parser); /* ; */
		add_row(parser->arena, &parser->values, arena_format(parser->arena, "%s\t%s\t%s", name, number, token));
	}
}

/* [default = X] becomes X. */
static char *parse_field_options(struct parser *parser)
{
	char *token, *last = NULL;

	while (!is(token = next_token(parser), ";"))
		if (!strchr("[]=", *token))
			last = token;
	return last;
}

static void parse_message(struct parser *parser, const char *name)
{
	char *token;

	next_token(parser); /* { */
	while (!is(token = next_token(parser), "}")) {
		char *type, *field, *number, *value;

		if (is(token, "enum")) {
			parse_enum(parser, arena_format(parser->arena, "%s.%s", name, next_token(parser)));
			continue;
		}
		type = next_token(parser);
		field = next_token(parser);
		next_token(parser); /* = */
		number = next_token(parser);
		value = parse_field_options(parser);
		add_row(parser->arena, &parser->fields,
			arena_format(parser->arena, "%s\t%s\t%s\t%s\t%s\t%s\t", name, number, token, type, field,
				     value ?: ""));
	}
}

static void parse_file(struct parser *parser, const char *path)
{
	cleanup_free char *text = NULL;
	char *token;

	if (!check_no_error(read_file_at(AT_FDCWD, path, &text, NULL), path))
		return;
	parser->at = text;
	while ((token = next_token(parser))) {
		if (is(token, "message"))
			parse_message(parser, next_token(parser));
		else if (is(token, "enum"))
			parse_enum(parser, next_token(parser));
		else /* syntax, import */
			while (!is(next_token(parser), ";"))
				;
	}
}

static bool has(const struct rows *rows, const char *row)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!strcmp(rows->rows[i], row))
			return true;
	return false;
}

/* Names of types as the table writes them: scalars as they are, enum:NAME, message:NAME. */
static void name_types(struct parser *parser)
{
	static const char scalars[] = " int32 int64 sint32 sint64 uint32 uint64 fixed32 fixed64 bool string bytes ";
	struct arena *arena = parser->arena;

	for (size_t i = 0; i < parser->fields.count; i++) {
		char message[64], number[16], label[16], type[64], rest[128], *name;

		if (sscanf(parser->fields.rows[i], "%63[^\t]\t%15[^\t]\t%15[^\t]\t%63[^\t]\t%127[^\n]", message, number,
			   label, type, rest) != 5)
			continue;
		name = arena_format(arena, "%s.%s", message, type);
		if (strstr(scalars, arena_format(arena, " %s ", type)))
			name = type;
		else if (has(&parser->enums, name))
			name = arena_format(arena, "enum:%s", name);
		else if (has(&parser->enums, type))
			name = arena_format(arena, "enum:%s", type);
		else
			name = arena_format(arena, "message:%s", type);
		parser->fields.rows[i] = arena_format(arena, "%s\t%s\t%s\t%s\t%s", message, number, label, name, rest);
	}
}

/* The lines of a table without heading and first column (the file, which may differ). */
static void read_table(struct arena *arena, const char *path, struct rows *rows)
{
	cleanup_free char *text = NULL;
	char *rest, *line;

	if (!check_no_error(read_file_at(AT_FDCWD, path, &text, NULL), path))
		return;
	rest = text;
	strsep(&rest, "\n");
	while ((line = strsep(&rest, "\n")))
		if (*line)
			add_row(arena, rows, arena_string(arena, strchr(line, '\t') + 1));
}

/* Our own additions: other programs must be able to pass over them. */
static void read_own(struct arena *arena, struct rows *fields)
{
	size_t before = fields->count;

	read_table(arena, "test/images/own-messages.tsv", fields);
	for (size_t i = before; i < fields->count; i++)
		check(!strncmp(fields->rows[i], "checksums_", 10) || /* an image that others do not open */
		      (!strstr(fields->rows[i], "\trequired\t") && atoi(strchr(fields->rows[i], '\t') + 1) > 1000),
		      "an own field is not required and out of the way: %s", fields->rows[i]);
}

static void compare(const char *what, const struct rows *table, const struct rows *found)
{
	size_t missing = 0, extra = 0;

	for (size_t i = 0; i < table->count; i++)
		if (!has(found, table->rows[i])) {
			printf("# not in the files: %s\n", table->rows[i]);
			missing++;
		}
	for (size_t i = 0; i < found->count; i++)
		if (!has(table, found->rows[i])) {
			printf("# not in the table: %s\n", found->rows[i]);
			extra++;
		}
	check(table->count > 100, "the table of %s has %zu rows", what, table->count);
	check(!missing, "%s: every row of the table is in the files", what);
	check(!extra, "%s: every row of the files is in the table", what);
}

int main(void)
{
	struct arena arena = {};
	struct parser parser = { .arena = &arena };
	struct rows fields = {}, values = {};
	glob_t protos;

	check(!glob("images/*.proto", 0, NULL, &protos), "there are .proto files (run in the top folder)");
	for (size_t i = 0; i < protos.gl_pathc; i++)
		parse_file(&parser, protos.gl_pathv[i]);
	globfree(&protos);
	name_types(&parser);
	read_table(&arena, "test/images/messages.tsv", &fields);
	read_table(&arena, "test/images/enums.tsv", &values);
	read_own(&arena, &fields);
	read_table(&arena, "test/images/own-enums.tsv", &values);
	compare("messages", &fields, &parser.fields);
	compare("enums", &values, &parser.values);
	arena_free(&arena);
	return tap_end();
}
