// SPDX-License-Identifier: GPL-2.0
/*
 * Unread input. The kernel has no way to look at it, so it is read and at once put back: byte by byte with
 * TIOCSTI, which works at both ends, needs no other process, and ends up in the buffer as if typed. What the
 * settings would do to a byte was done when it came in, so they are neutral meanwhile. A slave in line mode
 * is read line by line, since the buffer knows where lines end; a line that the end-of-file character
 * ended has no mark in its bytes, so these places are noted.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <asm/termbits.h>

#include "files/terminal/terminal.h"
#include "support/cleanup.h"

enum {
	BUFFER = 4095,	     /* the line discipline holds so much; more waits in front of it */
	INPUT_LIMIT = 1 << 17, /* far above what a terminal holds: something else is wrong */
	START_CHARACTER = 021,
	STOP_CHARACTER = 023,
};

/* What was read. bytes and line_ends are malloc'ed. */
struct input {
	char *bytes;
	size_t length, room;
	uint32_t *line_ends;
	size_t line_count;
};

static void free_input(struct input *input)
{
	free(input->bytes);
	free(input->line_ends);
}
#define cleanup_input __attribute__((cleanup(free_input)))

static bool readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN);
}

/* One read(); *got is 0 when nothing came. */
static struct error *read_some(int fd, struct input *input, size_t *got)
{
	ssize_t length;

	if (input->room - input->length < BUFFER + 1) {
		input->room = input->room * 2 + 2 * (BUFFER + 1);
		input->bytes = realloc(input->bytes, input->room);
		if (!input->bytes)
			return out_of_memory();
	}
	if (input->length > INPUT_LIMIT)
		return fail("the terminal has no end of unread input");
	length = read(fd, input->bytes + input->length, BUFFER + 1);
	if (length < 0 && errno != EAGAIN && errno != EIO)
		return fail_errno("could not read the terminal's input");
	*got = length < 0 ? 0 : length;
	input->length += *got;
	return NULL;
}

static struct error *note_line_end(struct input *input)
{
	input->line_ends = realloc(input->line_ends, (input->line_count + 1) * sizeof(*input->line_ends));
	if (!input->line_ends)
		return out_of_memory();
	if (input->line_count > INPUT_LIMIT)
		return fail("the terminal has no end of unread input");
	input->line_ends[input->line_count++] = input->length;
	return NULL;
}

static bool ends_line(const struct termios2 *settings, unsigned char byte)
{
	return byte == '\n' || (byte && (byte == settings->c_cc[VEOL] || byte == settings->c_cc[VEOL2]));
}

static struct error *read_lines(int fd, const struct termios2 *settings, struct input *input)
{
	while (readable(fd)) {
		size_t got;

		TRY(read_some(fd, input, &got));
		if (!got || !ends_line(settings, input->bytes[input->length - 1]))
			TRY(note_line_end(input));
	}
	return NULL;
}

static struct error *set(int fd, const struct termios2 *settings)
{
	return ioctl(fd, TCSETS2, settings) ? fail_errno("could not set up the terminal") : NULL;
}

/* Lines first, then what is no line yet. */
static struct error *read_slave(int fd, struct input *input)
{
	struct termios2 settings, raw;
	struct error *error = NULL;
	size_t got = 1;

	if (ioctl(fd, TCGETS2, &settings))
		return fail_errno("could not read the terminal's settings");
	if (settings.c_lflag & ICANON)
		TRY(read_lines(fd, &settings, input));
	raw = settings;
	raw.c_lflag &= ~ICANON;
	raw.c_cc[VMIN] = raw.c_cc[VTIME] = 0;
	TRY(set(fd, &raw));
	while (!error && got && readable(fd))
		error = read_some(fd, input, &got);
	return set(fd, &settings) ?: error;
}

/* A master is always raw. In packet mode each read would begin with a byte of its own. */
static struct error *read_master(int fd, struct input *input)
{
	int packets = 0, off = 0, waiting = 0;
	struct error *error = NULL;
	size_t got = 1;

	if (!readable(fd) || ioctl(fd, FIONREAD, &waiting) || !waiting)
		return NULL;
	if (ioctl(fd, TIOCGPKT, &packets) || (packets && ioctl(fd, TIOCPKT, &off)))
		return fail_errno("could not look at the terminal's packet mode");
	while (!error && got && readable(fd) && !ioctl(fd, FIONREAD, &waiting) && waiting)
		error = read_some(fd, input, &got);
	if (packets && ioctl(fd, TIOCPKT, &packets) && !error)
		error = fail_errno("could not set the terminal's packet mode");
	return error;
}

static TtyDataEntry *to_entry(struct arena *arena, const struct input *input)
{
	TtyDataEntry *entry = new_message(arena, tty_data_entry);

	entry->data.len = input->length;
	entry->data.data = arena_copy(arena, input->bytes, input->length);
	entry->n_line_ends = input->line_count;
	entry->line_ends = arena_copy(arena, input->line_ends, input->line_count * sizeof(*input->line_ends));
	return entry;
}

/* Nothing is on the way to the master here, so a slave that cannot write is held. */
static bool is_stopped(int slave)
{
	struct pollfd poll_fd = { .fd = slave, .events = POLLOUT };

	return poll(&poll_fd, 1, 0) == 0;
}

struct error *terminal_input_read(struct arena *arena, int fd, bool master, int other, TtyDataEntry **ret_data,
				  bool *ret_stopped)
{
	cleanup_input struct input input = { 0 };
	struct error *error = master ? read_master(fd, &input) : read_slave(fd, &input);

	*ret_data = NULL;
	if (ret_stopped)
		*ret_stopped = master && other >= 0 && is_stopped(other);
	if (input.length || input.line_count) {
		struct error *back;

		*ret_data = to_entry(arena, &input);
		back = with_context(terminal_input_write(fd, master, other, *ret_data), "putting input back");
		if (error && back)
			error_ignore(back, "terminal");
		else
			error = error ?: back;
	}
	return error;
}

/* ---- putting it there ---- */

/* A byte that the input does not contain, to stand for the end-of-file character; 0: it has them all. */
static unsigned char unused_byte(const TtyDataEntry *data)
{
	for (int byte = 255; byte > 0; byte--)
		if (byte != '\n' && !memchr(data->data.data, byte, data->data.len))
			return byte;
	return 0;
}

static bool has_flow_characters(const TtyDataEntry *data)
{
	return memchr(data->data.data, START_CHARACTER, data->data.len) ||
	       memchr(data->data.data, STOP_CHARACTER, data->data.len);
}

/* Every byte is taken as it is; lines are lines if they were. Flow control stays where it does no harm: a
 * change of it would be told to a master in packet mode. */
static struct termios2 neutral(const struct termios2 *settings, const TtyDataEntry *data)
{
	struct termios2 out = *settings;

	out.c_iflag &= IXON;
	if (has_flow_characters(data))
		out.c_iflag = 0;
	out.c_lflag &= ICANON | EXTPROC;
	memset(out.c_cc, 0, sizeof(out.c_cc));
	out.c_cc[VSTART] = settings->c_cc[VSTART], out.c_cc[VSTOP] = settings->c_cc[VSTOP];
	out.c_cc[VEOL] = settings->c_cc[VEOL], out.c_cc[VEOL2] = settings->c_cc[VEOL2];
	out.c_cc[VMIN] = 1;
	out.c_cc[VEOF] = data->n_line_ends ? unused_byte(data) : 0;
	return out;
}

static struct error *type(int fd, unsigned char byte)
{
	return ioctl(fd, TIOCSTI, &byte) ? fail_errno("could not put input into the terminal") : NULL;
}

static struct error *type_all(int fd, const TtyDataEntry *data, size_t length, unsigned char line_end)
{
	size_t line = 0;

	for (size_t i = 0; i <= length; i++) {
		for (; line < data->n_line_ends && data->line_ends[line] <= i; line++)
			if (data->line_ends[line] == i && line_end)
				TRY(type(fd, line_end));
		if (i < length)
			TRY(type(fd, data->data.data[i]));
	}
	return NULL;
}

/* What does not fit waits in front of the buffer: the other end writes it. */
static struct error *write_rest(int fd, bool master, int other, const TtyDataEntry *data, size_t done)
{
	int slave = master ? other : -1;
	struct termios2 settings, plain;
	size_t length = data->data.len - done;
	ssize_t written;

	if (!length)
		return NULL;
	if (other < 0)
		return with_hint(fail("%zu bytes of a terminal's input do not fit", length),
				 "Dump when the program has read what was typed.");
	if (slave >= 0) {
		if (ioctl(slave, TCGETS2, &settings))
			return fail_errno("could not read the terminal's settings");
		plain = settings;
		plain.c_oflag = 0;
		TRY(set(slave, &plain));
	}
	written = write(other, data->data.data + done, length);
	if (slave >= 0)
		TRY(set(slave, &settings));
	(void)fd;
	return written == (ssize_t)length ? NULL : fail("a terminal takes only %zd of %zu bytes", written, length);
}

struct error *terminal_input_write(int fd, bool master, int other, const TtyDataEntry *data)
{
	struct termios2 settings, plain;
	size_t length = data->data.len < BUFFER ? data->data.len : BUFFER;
	struct error *error;

	if (master) {
		TRY(type_all(fd, data, length, 0));
		return write_rest(fd, master, other, data, length);
	}
	if (ioctl(fd, TCGETS2, &settings))
		return fail_errno("could not read the terminal's settings");
	plain = neutral(&settings, data);
	TRY(set(fd, &plain));
	error = type_all(fd, data, length, plain.c_cc[VEOF]);
	TRY(set(fd, &settings) ?: error);
	return write_rest(fd, master, other, data, length);
}

struct error *terminal_stop(int slave)
{
	struct termios2 settings, flow;
	struct error *error;

	if (ioctl(slave, TCGETS2, &settings))
		return fail_errno("could not read the terminal's settings");
	/* Without flow control by characters it was the program itself that stopped it. */
	if (!(settings.c_iflag & IXON))
		return ioctl(slave, TCXONC, TCOOFF) ? fail_errno("could not hold the terminal's output") : NULL;
	flow = settings;
	flow.c_cc[VSTOP] = STOP_CHARACTER, flow.c_cc[VSTART] = START_CHARACTER;
	TRY(set(slave, &flow));
	error = type(slave, STOP_CHARACTER);
	return set(slave, &settings) ?: error;
}
