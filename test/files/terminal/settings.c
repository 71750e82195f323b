// SPDX-License-Identifier: GPL-2.0
// terminals: own
// link: -lutil
/* Settings: modes, characters, speed; locked ones; window size; packet and exclusive mode; a locked slave. */
#include "pairs.h"

#include <errno.h>

int main(void)
{
	struct winsize size = { .ws_row = 33, .ws_col = 99, .ws_xpixel = 500, .ws_ypixel = 400 };
	struct termios settings, locked = { 0 }, now;
	int master, slave, locked_master, on = 1, value;
	char text[16];

	make_pair(&master, &slave);
	must(ioctl(master, TIOCSWINSZ, &size));
	must(tcgetattr(slave, &settings));
	settings.c_lflag &= ~(ICANON | ECHO);
	settings.c_oflag &= ~OPOST;
	settings.c_iflag |= IUTF8;
	settings.c_cc[VMIN] = 5, settings.c_cc[VTIME] = 7, settings.c_cc[VINTR] = 'q';
	cfsetspeed(&settings, B1200);
	must(tcsetattr(slave, TCSANOW, &settings));
	must(tcgetattr(slave, &settings));
	locked.c_iflag = IXOFF;
	must(ioctl(slave, TIOCSLCKTRMIOS, &locked));
	must(ioctl(master, TIOCPKT, &on));
	must(ioctl(slave, TIOCEXCL));
	locked_master = must(posix_openpt(O_RDWR | O_NOCTTY));

	checkpoint();

	check(!tcgetattr(slave, &now));
	check_equal(now.c_iflag, settings.c_iflag);
	check_equal(now.c_oflag, settings.c_oflag);
	check_equal(now.c_cflag, settings.c_cflag);
	check_equal(now.c_lflag, settings.c_lflag);
	check_equal(now.c_line, settings.c_line);
	check_equal(cfgetispeed(&now), cfgetispeed(&settings));
	check_equal(cfgetospeed(&now), cfgetospeed(&settings));
	check(!memcmp(now.c_cc, settings.c_cc, sizeof(now.c_cc)));
	memset(&locked, 0, sizeof(locked));
	check(!ioctl(slave, TIOCGLCKTRMIOS, &locked) && locked.c_iflag == IXOFF);
	memset(&size, 0, sizeof(size));
	check(!ioctl(slave, TIOCGWINSZ, &size) && size.ws_row == 33 && size.ws_col == 99 && size.ws_xpixel == 500);
	check(!ioctl(master, TIOCGPKT, &value) && value == 1);
	check(!ioctl(slave, TIOCGEXCL, &value) && value == 1);
	check(!ioctl(master, TIOCGPTLCK, &value) && value == 0);
	check(!ioctl(locked_master, TIOCGPTLCK, &value) && value == 1);
	check_equal(poll_now(locked_master) & POLLHUP, 0);
	check_equal(write(slave, "x", 1), 1);
	check_equal(read_soon(master, text, sizeof(text)), 2);
	check(text[0] == TIOCPKT_DATA && text[1] == 'x', "%d %d", text[0], text[1]);
	return finish();
}
