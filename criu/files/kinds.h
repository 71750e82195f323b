// SPDX-License-Identifier: GPL-2.0
/* Every kind of open file, sockets included. No include guard: included once per use. */
