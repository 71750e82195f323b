// SPDX-License-Identifier: GPL-2.0
/* Settings of terminals, to and from images. ioctl_tty(2). */
#include <string.h>
#include <sys/ioctl.h>
#include <asm/termbits.h>

#include "files/terminal/terminal.h"

enum { CONTROL_CHARACTERS = 19 };

static TermiosEntry *termios_entry(struct arena *arena, const struct termios2 *in)
{
	TermiosEntry *entry = new_message(arena, termios_entry);

	entry->c_iflag = in->c_iflag, entry->c_oflag = in->c_oflag;
	entry->c_cflag = in->c_cflag, entry->c_lflag = in->c_lflag;
	entry->c_line = in->c_line;
	entry->c_ispeed = in->c_ispeed, entry->c_ospeed = in->c_ospeed;
	entry->n_c_cc = CONTROL_CHARACTERS;
	entry->c_cc = arena_array(arena, uint32_t, CONTROL_CHARACTERS);
	for (int i = 0; i < CONTROL_CHARACTERS; i++)
		entry->c_cc[i] = in->c_cc[i];
	return entry;
}

/* TIOCGLCKTRMIOS knows the older struct, without speeds. */
static struct termios2 widened(const struct termios *in)
{
	struct termios2 out = { .c_iflag = in->c_iflag,
				.c_oflag = in->c_oflag,
				.c_cflag = in->c_cflag,
				.c_lflag = in->c_lflag,
				.c_line = in->c_line };

	memcpy(out.c_cc, in->c_cc, CONTROL_CHARACTERS);
	return out;
}

struct error *terminal_state_read(struct arena *arena, int fd, TtyInfoEntry *out)
{
	struct termios2 settings, wide;
	struct termios locked;
	struct winsize size;
	int discipline = 0, exclusive = 0;

	if (ioctl(fd, TCGETS2, &settings) || ioctl(fd, TIOCGLCKTRMIOS, &locked) || ioctl(fd, TIOCGWINSZ, &size) ||
	    ioctl(fd, TIOCGETD, &discipline) || ioctl(fd, TIOCGEXCL, &exclusive))
		return fail_errno("could not read the terminal's settings");
	if (discipline)
		return with_hint(fail("the terminal has the line discipline %d, which cannot be saved", discipline),
				 "Only plain terminals can be saved: end what uses it for another protocol.");
	wide = widened(&locked);
	out->termios = termios_entry(arena, &settings);
	out->termios_locked = termios_entry(arena, &wide);
	out->winsize = new_message(arena, winsize_entry);
	out->winsize->ws_row = size.ws_row, out->winsize->ws_col = size.ws_col;
	out->winsize->ws_xpixel = size.ws_xpixel, out->winsize->ws_ypixel = size.ws_ypixel;
	out->exclusive = exclusive;
	return NULL;
}

/* 3.17.1 has four characters in each of the first values, as they lie in memory. */
static void take_characters(const TermiosEntry *in, cc_t *out)
{
	bool packed = false;

	for (size_t i = 0; i < in->n_c_cc; i++)
		packed |= in->c_cc[i] > UINT8_MAX;
	for (size_t i = 0; i < in->n_c_cc && i < CONTROL_CHARACTERS; i++)
		out[i] = packed ? in->c_cc[i / 4] >> i % 4 * 8 : in->c_cc[i];
}

static struct termios2 termios_of(const TermiosEntry *in)
{
	struct termios2 out = { .c_iflag = in->c_iflag,
				.c_oflag = in->c_oflag,
				.c_cflag = in->c_cflag,
				.c_lflag = in->c_lflag,
				.c_line = in->c_line,
				.c_ispeed = in->c_ispeed,
				.c_ospeed = in->c_ospeed };

	take_characters(in, out.c_cc);
	return out;
}

/* Speeds are numbers only where the flags say so; older images have none. */
static int set_termios(int fd, const TermiosEntry *in)
{
	struct termios2 wide = termios_of(in);
	struct termios narrow = { .c_iflag = wide.c_iflag,
				  .c_oflag = wide.c_oflag,
				  .c_cflag = wide.c_cflag,
				  .c_lflag = wide.c_lflag,
				  .c_line = wide.c_line };

	if (wide.c_ispeed && wide.c_ospeed)
		return ioctl(fd, TCSETS2, &wide);
	memcpy(narrow.c_cc, wide.c_cc, CONTROL_CHARACTERS);
	return ioctl(fd, TCSETS, &narrow);
}

struct error *terminal_settings_write(int fd, const TtyInfoEntry *info, bool locked)
{
	if (info->termios && set_termios(fd, info->termios))
		return fail_errno("could not set up the terminal");
	if (locked && info->termios_locked) {
		struct termios2 wide = termios_of(info->termios_locked);
		struct termios narrow = { .c_iflag = wide.c_iflag,
					  .c_oflag = wide.c_oflag,
					  .c_cflag = wide.c_cflag,
					  .c_lflag = wide.c_lflag,
					  .c_line = wide.c_line };

		memcpy(narrow.c_cc, wide.c_cc, CONTROL_CHARACTERS);
		if (ioctl(fd, TIOCSLCKTRMIOS, &narrow))
			return fail_errno("could not lock the terminal's settings");
	}
	return NULL;
}

static struct winsize winsize_of(const TtyInfoEntry *info)
{
	const WinsizeEntry *in = info->winsize;

	return (struct winsize){ .ws_row = in->ws_row,
				 .ws_col = in->ws_col,
				 .ws_xpixel = in->ws_xpixel,
				 .ws_ypixel = in->ws_ypixel };
}

struct error *terminal_size_write(int fd, const TtyInfoEntry *info)
{
	struct winsize size;

	if (!info->winsize)
		return NULL;
	size = winsize_of(info);
	return ioctl(fd, TIOCSWINSZ, &size) ? fail_errno("could not set the terminal's size") : NULL;
}

bool terminal_size_differs(int fd, const TtyInfoEntry *info)
{
	struct winsize now, then;

	if (!info->winsize || ioctl(fd, TIOCGWINSZ, &now))
		return false;
	then = winsize_of(info);
	return now.ws_row != then.ws_row || now.ws_col != then.ws_col;
}
