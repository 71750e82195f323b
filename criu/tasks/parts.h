// SPDX-License-Identifier: GPL-2.0
/* Every piece of task and thread state; inside a phase they are emitted in this order.
 * No include guard: included once per use. */
