// SPDX-License-Identifier: GPL-2.0
// Worker threads, timers, promises, files and crypto of the thread pool.
const { Worker, isMainThread, parentPort } = require('worker_threads');
const crypto = require('crypto');
const fs = require('fs');

if (!isMainThread) {
	parentPort.on('message', ({ turn, part }) => {
		let hash = `${turn}/${part}`;
		for (let i = 0; i < 1500; i++)
			hash = crypto.createHash('sha256').update(hash).digest('hex');
		parentPort.postMessage(hash);
	});
} else {
	const workers = [0, 1].map(() => new Worker(__filename));
	const ask = (worker, message) => new Promise((resolve) => {
		worker.once('message', resolve);
		worker.postMessage(message);
	});
	const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
	let ticks = 0;
	const interval = setInterval(() => { ticks++; }, 25);

	(async () => {
		for (let turn = 0; turn < 120; turn++) {
			const hashes = await Promise.all(workers.map((worker, part) => ask(worker, { turn, part })));
			const key = await new Promise((resolve, reject) =>
				crypto.pbkdf2(hashes[0], 'salt', 2000, 16, 'sha512', (error, value) => error ? reject(error) : resolve(value)));
			await fs.promises.appendFile('lines', `${turn} ${hashes.join(' ')} ${key.toString('hex')}\n`);
			await sleep(15);
		}
		clearInterval(interval);
		for (const worker of workers)
			await worker.terminate();
		const lines = await fs.promises.readFile('lines');
		console.log(lines.length, crypto.createHash('md5').update(lines).digest('hex'), ticks > 10);
	})();
}
