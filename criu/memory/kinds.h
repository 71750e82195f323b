// SPDX-License-Identifier: GPL-2.0
/* Every kind of mapping, most special first. No include guard: included once per use. */
