// SPDX-License-Identifier: GPL-2.0
/*
 * crit: images to JSON and back, and a look into a set of images. Called by main() when
 * the program's name is crit or its first argument is. One process, no privileges.
 */
#pragma once

/* argv[0] is the name shown in messages. Returns the exit status: 0, 1 for an error, 2 for a
 * command line that makes no sense. */
int crit_main(int argc, char **argv);
