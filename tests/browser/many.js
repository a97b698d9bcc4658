// SPDX-License-Identifier: MIT
// The live page with very many guests: what it costs, as numbers. The limits are generous, as test
// machines are; what was measured is printed.

import { launch } from "./browser.js";
import { bash, url } from "./host.js";
import { holds, runTests, same, say, test, until } from "./tap.js";

const guests = Number(process.env.GUESTS);
const PAINT_MS = 1000, UPDATE_MS = 50, GENEROUS = 5;
const WATCHED_MS = 8000;

const context = await launch();
const page = context.pages()[0] ?? await context.newPage();
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));

function median(numbers) {
	return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

test("the first paint comes soon, and only rows near the window exist", async () => {
	await page.goto(url);
	await page.waitForSelector("#rows .row");
	const [paint, rows] = await page.evaluate(() => ["first-contentful-paint", "first-rows"]
		.map((name) => performance.getEntriesByName(name)[0].startTime));
	say(`${guests} guests: first paint after ${paint.toFixed(0)} ms (aim ${PAINT_MS}), rows after ${rows.toFixed(0)} ms`);
	holds(paint < GENEROUS * PAINT_MS, "the first paint comes soon");
	await until("all guests", async () => await page.getAttribute("#table", "aria-rowcount") === String(guests + 1));
	const count = await page.locator("#rows .row").count();
	say(`${count} rows and ${await page.evaluate(() => document.querySelectorAll("*").length)} elements stand for ${guests} guests`);
	holds(count < 100, "few rows exist");
});

test("an update costs little script", async () => {
	await page.evaluate(() => {
		globalThis.updates = [];
		new PerformanceObserver((list) => globalThis.updates.push(...list.getEntries()
			.filter((entry) => entry.name === "update").map((entry) => entry.duration))).observe({ type: "measure" });
	});
	const session = await context.newCDPSession(page);
	await session.send("Performance.enable");
	const script = async () => (await session.send("Performance.getMetrics")).metrics
		.find((metric) => metric.name === "ScriptDuration").value * 1000;
	const before = await script();
	// A shock for all of them at once, beside what they report by themselves.
	for (let i = 1; i <= 20; i++)
		bash("bed", "mem-set", `guest${i}`, "120");
	await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
	const spent = await script() - before;
	const updates = await page.evaluate(() => globalThis.updates);
	holds(updates.length > 2, "there were updates");
	const most = Math.max(...updates);
	say(`${updates.length} updates: script ${median(updates).toFixed(1)} ms in the middle, ${most.toFixed(1)} ms at most (aim ${UPDATE_MS}); ${(spent / updates.length).toFixed(1)} ms each with parsing and all else`);
	holds(median(updates) < GENEROUS * UPDATE_MS, "an update is short");
});

test("nor does one in which every guest has changed", async () => {
	const updates = await page.evaluate(async (rounds) => {
		const model = await import("/page/model.js");
		globalThis.updates.length = 0;
		for (let round = 1; round <= rounds; round++) {
			for (const guest of model.guests.values())
				model.setGuest({ ...guest, target_kib: guest.target_kib + 1024, state: round % 2 ? "growing" : "converged", reason: `round ${round}` });
			await new Promise((resolve) => setTimeout(resolve, 250));
		}
		return globalThis.updates;
	}, 12);
	say(`all ${guests} changed: script ${median(updates).toFixed(1)} ms in the middle, ${Math.max(...updates).toFixed(1)} ms at most (aim ${UPDATE_MS})`);
	holds(median(updates) < GENEROUS * UPDATE_MS, "an update is short");
});

test("the last guest is a scroll away, any is a search away", async () => {
	await page.selectOption("#sort", "name");
	await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
	await page.locator("#rows .name", { hasText: new RegExp(`^guest${guests}$`) }).waitFor();
	holds(await page.locator("#rows .row").count() < 100, "few rows exist");
	await page.fill("#search", `guest${guests - 1}`);
	await until("one row", async () => await page.locator("#rows .row").count() === 1);
	await page.fill("#search", "");
	await page.evaluate(() => scrollTo(0, 0));
	await page.locator("#rows .name", { hasText: /^guest1$/ }).waitFor();
	same(complaints.join("\n"), "", "console");
});

await runTests({ end: () => context.end() });
