// SPDX-License-Identifier: MIT
// How the page looks at every width, to who reads it by ear, and in the dark. page.js imports it where an
// operator has signed in.

import { load, signIn } from "./browser.js";
import { tokens, url } from "./host.js";
import { become, openGuest, overview, page, setNumber, verdict } from "./steps.js";
import { same, test } from "./tap.js";

const { AxeBuilder } = load("@axe-core/playwright");

async function axe(what) {
	const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).analyze();
	const told = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
	same(told.join("\n"), "", `axe, ${what}`);
}

// Each view, and that nothing stands out of the window.
async function axeAll(what, colorScheme, width) {
	await page.emulateMedia({ colorScheme });
	await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
	await overview();
	await axe(`guests, ${what}`);
	same(await page.evaluate(() => document.documentElement.scrollWidth), width, `width of the page, ${what}`);
	await openGuest("guest2");
	await setNumber(20);
	await verdict("Would be refused");
	await axe(`one guest, ${what}`);
	await page.goto(`${url}/#/audit`);
	await page.locator("#audit .entry").first().waitFor();
	await axe(`audit, ${what}`);
}

test("axe finds nothing in any view, wide and light", () => axeAll("light", "light", 1440));

test("nor in the dark", () => axeAll("dark", "dark", 1440));

test("nor on a phone, nor where one signs in", async () => {
	await axeAll("phone", "light", 390);
	await overview();
	await page.click(".legend summary");
	await page.click("#sign-out");
	await page.click("#sign-in");
	await axe("signing in, phone");
	await page.click("#sign-form [data-cancel]");
	await page.setViewportSize({ width: 1440, height: 900 });
});

// What stands beyond its own cell, or beyond the window.
const beyond = () => page.evaluate(() => {
	const found = [];
	const visible = (node) => node.offsetParent && getComputedStyle(node).visibility !== "hidden";
	const inside = (node, box) => {
		const own = node.getBoundingClientRect();
		return own.left >= box.left - 1 && own.right <= box.right + 1;
	};
	if (document.documentElement.scrollWidth > innerWidth)
		found.push(`the page is ${document.documentElement.scrollWidth} wide`);
	for (const cell of document.querySelectorAll(".rows .row > *, .head .row > *, .tiles > div, .top > *, .figures > li, .facts > div"))
		for (const child of visible(cell) ? cell.querySelectorAll("*") : [])
			if (visible(child) && !child.closest("svg, .sizebar, .switch") && !inside(child, cell.getBoundingClientRect()))
				found.push(`${cell.className || cell.tagName}: ${child.className || child.tagName} "${child.textContent.slice(0, 30)}"`);
	for (const row of document.querySelectorAll(".rows .row, .head .row"))
		for (const cell of visible(row) ? row.children : [])
			if (visible(cell) && !inside(cell, row.getBoundingClientRect()))
				found.push(`beyond its row: ${cell.className}`);
	return [...new Set(found)];
});

const WIDTHS = Array.from({ length: 65 }, (none, i) => 320 + 20 * i).concat([1920, 2560]);

test("nothing stands beyond its place at any width, signed in and out", async () => {
	for (const role of ["operator", null]) {
		await overview();
		if (await page.isVisible("#sign-out"))
			await page.click("#sign-out");
		if (role)
			await signIn(page, tokens[role]);
		for (const width of WIDTHS) {
			await page.setViewportSize({ width, height: 900 });
			same((await beyond()).join("; "), "", `at ${width}, ${role ?? "nobody"}`);
		}
	}
	await become("operator");
	await openGuest("guest1");
	for (const width of WIDTHS) {
		await page.setViewportSize({ width, height: 900 });
		same((await beyond()).join("; "), "", `a guest's view at ${width}`);
	}
	await page.setViewportSize({ width: 1440, height: 900 });
});
