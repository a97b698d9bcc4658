// SPDX-License-Identifier: MIT
// Tests one after the other, told as TAP. `run` counts the lines that begin with test( for the plan.

const LIMIT_MS = 90000;
const tests = [];

export function test(name, body) {
	tests.push([name, body]);
}

// A measured number, for whoever reads the log.
export function say(text) {
	console.log(`# ${text}`);
}

export function same(actual, expected, what) {
	if (actual !== expected)
		throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

export function holds(condition, what) {
	if (!condition)
		throw new Error(`does not hold: ${what}`);
}

// Until the asked-for is true; fails saying for what it waited.
export async function until(what, ask, limitMs = 40000) {
	for (const end = Date.now() + limitMs; ;) {
		if (await ask())
			return;
		if (Date.now() > end)
			throw new Error(`waited ${limitMs / 1000} s in vain for: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
}

function limited(promise) {
	let timer;
	const late = new Promise((resolve, reject) => {
		timer = setTimeout(() => reject(new Error(`not done after ${LIMIT_MS / 1000} s`)), LIMIT_MS);
	});
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Ends the program: 0 if all went well. onFailure may leave evidence.
export async function runTests({ end, onFailure = () => {} }) {
	let failed = 0;
	for (const [name, body] of tests) {
		const start = Date.now();
		try {
			await limited(body());
			console.log(`ok - ${name} # in ${Date.now() - start} ms`);
		} catch (error) {
			failed++;
			console.log(`not ok - ${name}`);
			console.log(String(error.stack).replace(/\u001b\[\d*m/g, "").split("\n").slice(0, 14).join("\n").replace(/^/gm, "# "));
			await onFailure(name);
		}
	}
	await end();
	process.exit(failed ? 1 : 0);
}
