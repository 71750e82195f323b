// SPDX-License-Identifier: GPL-2.0
// Threads, locks, code that the JIT compiles while it runs, garbage to collect, sleeping and timed waits.
import java.util.*;
import java.util.concurrent.*;

public class Work {
	static long mix(long x) {
		x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
		x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
		return x ^ (x >>> 31);
	}

	static long chain(long seed, int length) {
		long value = seed;
		for (int i = 0; i < length; i++)
			value = mix(value + i);
		return value;
	}

	static String garbage(int turn) {
		TreeMap<String, Integer> map = new TreeMap<>();
		for (int i = 0; i < 3000; i++)
			map.merge(String.format("%03x", mix(turn * 7919L + i) & 0xfff), 1, Integer::sum);
		return map.size() + " " + map.firstKey() + " " + map.lastEntry().getValue();
	}

	public static void main(String[] arguments) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(3);
		ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
		BlockingQueue<Integer> ticks = new LinkedBlockingQueue<>();
		timer.scheduleAtFixedRate(() -> ticks.add(1), 20, 20, TimeUnit.MILLISECONDS);
		for (int turn = 0; turn < 100; turn++) {
			List<Future<Long>> results = new ArrayList<>();
			for (int part = 0; part < 3; part++) {
				final long seed = turn * 31L + part;
				results.add(pool.submit(() -> chain(seed, 1500000)));
			}
			StringBuilder line = new StringBuilder("turn " + turn + " " + garbage(turn));
			for (Future<Long> result : results)
				line.append(' ').append(Long.toHexString(result.get()));
			ticks.take();
			System.out.println(line);
			System.out.flush();
		}
		timer.shutdown();
		pool.shutdown();
		System.out.println("ended " + pool.awaitTermination(10, TimeUnit.SECONDS));
	}
}
