// SPDX-License-Identifier: GPL-2.0
/* Heat spreading over a grid, with OpenMP: barriers, reductions, dynamic schedules. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE 700
#define STEPS 3000

static double grid[2][SIZE][SIZE];

int main(void)
{
	int step, i, j;

	omp_set_num_threads(4);
	for (i = 0; i < SIZE; i++)
		for (j = 0; j < SIZE; j++)
			grid[0][i][j] = (i * 31 + j * 17) % 101;
	for (step = 0; step < STEPS; step++) {
		double(*from)[SIZE] = grid[step % 2], (*to)[SIZE] = grid[(step + 1) % 2];
		double largest = 0;

#pragma omp parallel for schedule(dynamic, 16) reduction(max : largest) private(j)
		for (i = 1; i < SIZE - 1; i++)
			for (j = 1; j < SIZE - 1; j++) {
				to[i][j] = 0.25 * (from[i - 1][j] + from[i + 1][j] + from[i][j - 1] + from[i][j + 1]);
				largest = fmax(largest, fabs(to[i][j] - from[i][j]));
			}
		if (step % 200 == 0) {
			printf("%d %.17g %.17g\n", step, largest, to[SIZE / 2][SIZE / 3]);
			fflush(stdout);
		}
	}
	printf("end %.17g\n", grid[STEPS % 2][10][20]);
	return 0;
}
