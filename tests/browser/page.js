// SPDX-License-Identifier: MIT
// The live page on a host of twelve guests that balloon themselves.

import { signIn } from "./browser.js";
import { bash, guest, post, tokens, url } from "./host.js";
import { become, complaints, context, fill, foreign, isLive, openGuest, overview, page, refused, row, setNumber, shown, verdict } from "./steps.js";
import { holds, runTests, same, say, test, until } from "./tap.js";

const GUESTS = 12;

test("the page shows all guests within 2 s, all of it from the agent, with no complaint", async () => {
	await page.goto(url);
	await page.waitForFunction((count) => document.querySelectorAll("#rows .row").length === count, GUESTS);
	const [paint, rows] = await page.evaluate(() => ["first-contentful-paint", "first-rows"]
		.map((name) => performance.getEntriesByName(name)[0].startTime));
	say(`first paint after ${paint.toFixed(0)} ms, ${GUESTS} guests after ${rows.toFixed(0)} ms`);
	holds(rows < 10000, "guests are shown in time");
	await until("live updates", isLive);
	same(foreign.join(), "", "requests to elsewhere");
	same([...complaints, ...refused].join("\n"), "", "console");
	same(await page.evaluate(() => document.cookie), "", "cookies");
});

test("its policy lets nothing else be loaded, run or asked", async () => {
	const response = await fetch(url);
	const policy = response.headers.get("content-security-policy");
	for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'"])
		holds(policy.split("; ").includes(part), `the policy says ${part}`);
	holds(!policy.includes("unsafe"), "nothing unsafe in the policy");
	const files = await page.evaluate(() => performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname));
	const sizes = await Promise.all(["/", ...new Set(files.filter((file) => file.startsWith("/page/")))].map(async (file) => {
		const answer = await fetch(url + file, { headers: { "Accept-Encoding": "gzip" } });
		same(answer.headers.get("content-encoding") === "gzip" || Number(answer.headers.get("content-length")) < 1024, true, `${file} is packed`);
		return Number(answer.headers.get("content-length"));
	}));
	say(`${sizes.length} files, ${(sizes.reduce((sum, size) => sum + size) / 1024).toFixed(0)} KiB packed`);
	same((await fetch(`${url}/page/nothing.js`)).status, 404, "a file that is none");
	same((await fetch(`${url}/page/..%2Fagent.yml`)).status, 404, "a path out of the page");
});

test("who has not signed in sees no controls", async () => {
	await overview();
	same(await shown(".switch"), 0, "switches");
	same(await shown("#audit-link"), 0, "links to the audit");
	holds((await page.textContent("#hint")).includes("xenballoon token make"), "how to sign in is said");
	same(await shown("#hint"), 1, "hints");
	await openGuest("guest1");
	same(await shown(".steer, .decisions"), 0, "controls in a guest's view");
});

test("a wrong token is refused in words; a viewer sees no controls", async () => {
	await overview();
	await page.click("#sign-in");
	await page.fill("#sign-form [name=token]", "not-a-token");
	await page.click("#sign-form [type=submit]");
	await page.locator("#sign-error", { hasText: "xenballoon token make" }).waitFor();
	await page.click("#sign-form [data-cancel]");
	await become("viewer");
	holds((await page.textContent("#who")).includes("viewer"), "the page says who is signed in");
	same(await shown(".switch"), 0, "switches");
	await openGuest("guest1");
	same(await shown(".steer, .decisions"), 0, "controls in a guest's view");
	same(await page.evaluate(() => document.cookie), "", "cookies");
});

test("an operator bound to some guests sees controls for these alone", async () => {
	await become("bound");
	const steered = page.locator("#rows .row", { has: page.locator(".switch:visible") });
	await until("three switches", async () => await steered.count() === 3);
	same((await steered.locator(".name").allTextContents()).sort().join(), "guest1,guest10,guest11", "whom it may switch");
	await openGuest("guest2");
	same(await shown(".steer"), 0, "controls in another guest's view");
});

test("a switch flips the guest, and its bar moves", async () => {
	await become("operator");
	const before = await fill("guest1");
	await row("guest1").locator(".switch").click();
	await row("guest1").locator(".switch[aria-checked=true]").waitFor();
	same((await guest("guest1")).selfballoon, true, "the agent's word");
	await until("the bar to shrink", async () => await fill("guest1") < before - 1);
	await row("guest1").locator(".switch").click();
	await row("guest1").locator(".switch[aria-checked=false]").waitFor();
	same((await guest("guest1")).selfballoon, false, "the agent's word");
});

test("a guest that selfballooning left small goes back to its target from before", async () => {
	const before = (await guest("guest6")).target_kib;
	await openGuest("guest6");
	same(await shown("#detail .restore"), 0, "ways back before anything was done");
	await page.locator("#detail .switch").click();
	await until("the guest to shrink", async () => (await guest("guest6")).allocated_kib < before - 8 * 1024);
	await page.locator("#detail .restore", { hasText: "Turn off, back to" }).waitFor();
	await page.locator("#detail .switch").click();
	await page.locator("#notice-act", { hasText: "Back to" }).waitFor();
	holds((await guest("guest6")).target_kib < before, "off alone leaves it small");
	await page.locator("#detail .restore", { hasText: "Back to" }).click();
	await until("the target", async () => (await guest("guest6")).target_kib === before);
	await until("no way back any more", async () => await shown("#detail .restore") === 0);
});

test("a target that would be refused says why before it is sent; what passes is set", async () => {
	const before = (await guest("guest2")).target_kib;
	await openGuest("guest2");
	await setNumber(20);
	await verdict("Would be refused");
	holds((await page.textContent("#verdict")).includes("it says it needs"), "the reason is said");
	holds(await page.locator("#detail [type=submit]").isDisabled(), "it can't be sent");
	await page.click("#detail .verdict-actions .danger");
	await page.locator("#question[open]").waitFor();
	await page.click("#question [data-answer=no]");
	same((await guest("guest2")).target_kib, before, "target after the question was answered no");
	await page.click("#detail .verdict-actions .quiet");
	await verdict("would be done");
	await page.click("#detail [type=submit]");
	await page.locator("#notice", { hasText: "target" }).waitFor();
	await until("the target", async () => (await guest("guest2")).target_kib < before);
});

test("force is sent only after a question; hard limits offer none", async () => {
	await openGuest("guest3");
	const least = (await guest("guest3")).minimum_kib / 1024;
	await setNumber(2);
	await verdict("Would be refused");
	same(await shown("#detail .verdict-actions .danger"), 0, "a button to force what is never allowed");
	await setNumber(Math.floor(least) - 4);
	await page.locator("#detail .verdict-actions .danger").click();
	await page.click("#question [data-answer=yes]");
	await until("the forced target", async () => (await guest("guest3")).target_kib === (Math.floor(least) - 4) * 1024);
});

test("the slider asks too; a guest that sizes itself says to turn that off first", async () => {
	await openGuest("guest4");
	await page.locator("#target-slider").focus();
	await page.keyboard.press("ArrowRight");
	await verdict("would be done");
	await page.locator("#detail .switch").click();
	await page.locator("#detail .switch[aria-checked=true]").waitFor();
	await setNumber(200);
	await verdict("Would be refused");
	await page.click("#detail .verdict-actions button:text-is('Turn selfballooning off')");
	await verdict("would be done");
});

test("a policy is judged before it is ordered, shown with what is in force, and taken back", async () => {
	await openGuest("guest7");
	const policy = page.locator("#policy-text"), said = page.locator("#policy-verdict");
	const fact = (word) => page.locator("#detail .facts div", { hasText: word }).locator("dd").textContent();
	same(await fact("Policy ordered"), "none", "what is ordered at first");
	await policy.fill("flor=96");
	await said.filter({ hasText: "Would be refused: No such setting: \"flor\"; did you mean floor" }).waitFor();
	same(await page.locator("#detail .steer-policy .order").isDisabled(), true, "what is refused can't be sent");
	await policy.fill("pressure floor=96MiB");
	await said.filter({ hasText: "pressure floor=96MiB would be ordered." }).waitFor();
	same((await guest("guest7")).policy_ordered, null, "a dry run orders nothing");
	await page.click("#detail .steer-policy .order");
	await until("the policy in force", async () => (await fact("Policy in force")).startsWith("pressure floor=96MiB"));
	same(await fact("Policy ordered"), "pressure floor=96MiB", "what is ordered");
	same(await shown("#detail .policy-note"), 0, "notes while both agree");
	await page.click("#detail .steer-policy .reset");
	await until("no order", async () => (await guest("guest7")).policy_ordered === null);
	await until("the guest's own policy", async () => (await fact("Policy in force")).startsWith("committed"));
	same(await policy.inputValue(), "", "the field");
});

test("what was judged is what is changed: somebody else's change in between is not overwritten", async () => {
	await openGuest("guest9");
	await setNumber(140);
	await verdict("would be done");
	same(await post("/api/v1/domains/guest9/target", "operator", { target_kib: 145 * 1024 }), 200, "the other's change");
	await page.click("#detail [type=submit]");
	await page.locator("#notice[data-tone=bad]", { hasText: "was not set" }).waitFor();
	same((await guest("guest9")).target_kib, 145 * 1024, "target");
	await verdict("would be done");
	await page.click("#detail [type=submit]");
	await until("the target", async () => (await guest("guest9")).target_kib === 140 * 1024);
});

test("the audit shows what was asked, and by whom", async () => {
	await page.goto(`${url}/#/audit`);
	const entry = page.locator("#audit .entry", { hasText: "guest3" }).first();
	await entry.waitFor();
	const text = await page.locator("#audit .entry", { hasText: "forced" }).first().textContent();
	holds(text.includes("operator") && text.includes("guest3"), "the forced target stands there");
	await page.fill("#audit [name=domain]", "guest2");
	await page.click("#audit [type=submit]");
	await until("guest2's entries alone", async () => {
		const names = await page.locator("#audit .entry .what b").allTextContents();
		return names.length && names.every((name) => name === "guest2");
	});
});

test("the keyboard alone finds a guest, opens it, switches it and comes back", async () => {
	await overview();
	const focusIs = (selector) => page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
	const tabTo = async (selector) => {
		for (let presses = 0; presses < 60; presses++) {
			if (await focusIs(selector))
				return;
			await page.keyboard.press("Tab");
		}
		throw new Error(`60 times Tab did not lead to ${selector}`);
	};
	await page.keyboard.press("/");
	holds(await focusIs("#search"), "/ leads to the search");
	await page.keyboard.type("guest5");
	await until("one row", async () => await page.locator("#rows .row").count() === 1);
	await tabTo("#rows .switch");
	await page.keyboard.press("Space");
	await row("guest5").locator(".switch[aria-checked=true]").waitFor();
	await page.keyboard.press("Space");
	await row("guest5").locator(".switch[aria-checked=false]").waitFor();
	await page.keyboard.press("Shift+Tab");
	holds(await focusIs("#rows .name"), "the name comes before the switch");
	await page.keyboard.press("Enter");
	await page.locator("#detail h1", { hasText: "guest5" }).waitFor();
	await page.keyboard.press("Escape");
	await row("guest5").waitFor();
	holds(await focusIs("#rows .name"), "coming back leads to the row one came from");
	await page.fill("#search", "");
});

test("sorting and showing only some", async () => {
	await overview();
	const names = () => page.locator("#rows .name").allTextContents();
	await page.click("#table [data-sort=name] button");
	await until("names upwards", async () => (await names()).join() === Array.from({ length: GUESTS }, (_, i) => `guest${i + 1}`).join());
	await page.click("#table [data-sort=name] button");
	await until("names downwards", async () => (await names())[0] === `guest${GUESTS}`);
	same(await page.getAttribute("#table [data-sort=name]", "aria-sort"), "descending", "aria-sort");
	await page.fill("#search", "nothing bears this name");
	await page.locator("#empty", { hasText: "No guest fits" }).waitFor();
	await page.fill("#search", "");
	await page.selectOption("#sort", "state");
});

test("guests with hostile names are text and nothing else", async () => {
	const names = ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(2)>&amp;", "a\u202eb`${alert(3)}` {{7*7}}"];
	names.forEach((name, i) => bash("store_write", `/local/domain/${bash("domid", `guest${i + 6}`)}/name`, name));
	const scripts = await page.evaluate(() => document.scripts.length);
	await overview();
	for (const name of names)
		await page.locator("#rows .name").filter({ hasText: name.slice(0, 12) }).first().waitFor();
	const shownNames = await page.locator("#rows .name").allTextContents();
	for (const name of names)
		holds(shownNames.includes(name), `${name} is shown as it is`);
	for (const name of names.slice(0, 2)) {
		await overview();
		await page.locator("#rows .name").filter({ hasText: name.slice(0, 12) }).click();
		await page.locator("#detail h1").filter({ hasText: name.slice(0, 12) }).waitFor();
	}
	same(await page.evaluate(() => document.scripts.length), scripts, "scripts");
	same(await page.locator("#rows img, #detail img, #rows script").count(), 0, "elements made of names");
	same(complaints.join("\n"), "", "console");
});

await import("./looks.js");

test("each state has a row of words, and what lacks memory or crashed is never green", async () => {
	const names = (await (await fetch(`${url}/metrics`)).text()).match(/state="([a-z_]+)"/g).map((text) => text.slice(7, -1));
	const told = await page.evaluate(async (states) => {
		const { state } = await import("./page/format.js");
		return states.map((name) => [name, state(name)]);
	}, [...new Set(names)]);
	holds(told.length >= 16, "the agent names its states");
	for (const [name, { help, tone }] of told) {
		holds(help, `${name} has words`);
		same(tone === "good", name === "converged", `${name} is green`);
	}
});

test("trouble first: by state, then by who waits most, then by who lacks most", async () => {
	const order = await page.evaluate(async () => {
		const model = await import("./page/model.js");
		const before = [...model.guests.values()];
		const like = before[0];
		const made = [["calm", "converged", 0, 0], ["waits", "starving", 6000, 10], ["lacks", "starving", 2000, 5000],
			["lacks-less", "starving", 2000, 100], ["dead", "crashed", 0, 0], ["asleep", "paused", 9000, 0]];
		model.setGuests(made.map(([name, state, pressure, unmet], i) => ({ ...like, domid: i + 1, name, uuid: name, state,
			pressure_centipercent: pressure, unmet_kib: unmet })));
		const names = model.select({ sort: "state", reverse: false, search: "", only: null }).map((guest) => guest.name);
		model.setGuests(before);
		return names.join();
	});
	same(order, "dead,waits,lacks,lacks-less,asleep,calm", "order");
});

test("the host is called by its name, wherever the page was asked, at any width", async () => {
	const name = (await (await fetch(`${url}/api/v1/host`)).json()).name;
	await overview();
	await page.locator("#place", { hasText: name }).waitFor();
	same(await page.title(), `${name} · xenballoon`, "title");
	await page.setViewportSize({ width: 390, height: 844 });
	same(await shown("#place"), 1, "names on a phone");
	await page.setViewportSize({ width: 1440, height: 900 });
	await openGuest("guest1");
	same(await page.title(), `guest1 · ${name} · xenballoon`, "title of a guest");
});

test("live means a sign of life within 12 s; what waits for an answer says so", async () => {
	await become("operator");
	await until("live updates", isLive);
	const stopped = Date.now();
	bash("agent_signal", "STOP");
	try {
		await row("guest1").locator(".switch").click();
		await page.locator("#notice", { hasText: "No answer yet (" }).waitFor();
		await page.locator("#notice", { hasText: "may still" }).waitFor();
		await until("the page to notice", async () => !await isLive(), 20000);
		holds(Date.now() - stopped < 16000, `it took ${Date.now() - stopped} ms`);
		const [hours, minutes, seconds] = (await page.textContent("#trouble")).match(/since (\d+):(\d+):(\d+)/).slice(1).map(Number);
		const since = new Date(stopped).setHours(hours, minutes, seconds);
		holds(Math.abs(since - stopped) < 7000, `cut off since the last byte: ${since - stopped} ms`);
	} finally {
		bash("agent_signal", "CONT");
	}
	await until("live updates", isLive);
	await page.locator("#trouble").waitFor({ state: "hidden" });
});

test("dry runs are no decisions: the audit shows them only if asked", async () => {
	await become("operator");
	await openGuest("guest2");
	await setNumber(20);
	await verdict("Would be refused");
	await page.click("#audit-link");
	await page.locator("#audit .entry").first().waitFor();
	same(await page.locator("#audit .entry", { hasText: "dry run" }).count(), 0, "dry runs shown");
	await page.check("#audit [name=dry_runs]");
	await page.locator("#audit .entry", { hasText: "dry run" }).first().waitFor();
});

test("xenstored goes and comes back: the page says that its numbers are old, then that they are not", async () => {
	await overview();
	await until("live updates", isLive);
	bash("bed", "xenstored", "kill");
	await page.locator("#trouble", { hasText: "xenstored does not answer" }).waitFor();
	same(await page.getAttribute("#link", "data-kind"), "stale", "the link");
	bash("bed", "xenstored", "start");
	await page.locator("#trouble").waitFor({ state: "hidden" });
	await until("live updates", isLive);
});

test("the agent stops and starts: the page says so and recovers by itself", async () => {
	bash("agent_stop");
	await page.locator("#trouble", { hasText: "Cut off from the agent" }).waitFor();
	same(await page.getAttribute("#link", "data-kind"), "cut", "the link");
	holds(await page.locator("#rows .row").count() === GUESTS, "what was known stays");
	bash("agent_start");
	await page.locator("#trouble").waitFor({ state: "hidden" });
	await until("live updates", isLive);
	bash("bed", "create", "newcomer", "--memory-mib", "64", "--daemon", "no");
	await row("newcomer").waitFor();
	bash("bed", "destroy", "newcomer");
	await row("newcomer").waitFor({ state: "detached" });
});

test("an agent that shows itself to viewers only asks to sign in, then shows all", async () => {
	await overview();
	if (await page.isVisible("#sign-out"))
		await page.click("#sign-out");
	bash("agent_stop");
	bash("agent_start", "http.read=viewer", `http.web_config=${process.env.HOST_DIR}/web.config.yml`);
	await page.locator("#empty", { hasText: "sign in" }).waitFor();
	same(await page.getAttribute("#link", "data-kind"), "closed", "the link");
	await page.reload();
	await page.locator("#empty", { hasText: "sign in" }).waitFor();
	await signIn(page, tokens.viewer);
	await until("live updates", isLive);
	await until("all guests", async () => await page.locator("#rows .row").count() === GUESTS);
	await page.reload();
	await until("all guests again, as the tab knows who this is", async () => await page.locator("#rows .row").count() === GUESTS);
});

test("a user signs in with a password, and nobody but the page asks for it", async () => {
	await page.click("#sign-out");
	await page.locator("#empty", { hasText: "sign in" }).waitFor();
	await page.click("#sign-in");
	await page.click("#sign-form [value=basic]");
	await page.fill("#sign-form [name=user]", "alice");
	await page.fill("#sign-form [name=password]", "Example");
	await page.click("#sign-form [type=submit]");
	await page.locator("#sign-error", { hasText: "password is wrong" }).waitFor();
	await page.fill("#sign-form [name=password]", "example");
	await page.click("#sign-form [type=submit]");
	await page.locator("#who", { hasText: "alice · operator" }).waitFor();
	await until("all guests", async () => await page.locator("#rows .row").count() === GUESTS);
	holds(await shown(".switch") > 0, "the operator has controls");
	await page.click("#sign-out");
	await page.locator("#empty", { hasText: "sign in" }).waitFor();
	same(await page.evaluate(() => sessionStorage.length), 0, "what the tab keeps");
});

test("in all this the page itself never complained", async () => {
	same(complaints.join("\n"), "", "console");
	same(foreign.join(), "", "requests to elsewhere");
});

await runTests({
	end: () => context.end(),
	onFailure: async (name) => {
		const file = `${process.env.ROOT}/build/log/browser-${name.replace(/[^a-z]+/gi, "-").slice(0, 40)}.png`;
		await page.screenshot({ path: file }).then(() => say(`what was seen: ${file}`), () => {});
		await page.reload().catch(() => {}); // nothing that is open now may stand in the next one's way
	},
});
