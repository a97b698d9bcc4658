// SPDX-License-Identifier: MIT
// Debian's Chromium for the tests and the screenshots, and what both do with the page.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The packages stand in the build tree, where npm put them.
export const load = createRequire(join(process.env.BROWSER_MODULES, "package.json"));
const { chromium } = load("playwright-core");

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"];

// A browser of its own, with a profile that goes with it.
export async function launch(options = {}) {
	const profile = mkdtempSync(join(tmpdir(), "xenballoon-browser-"));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: process.env.CHROMIUM || "/usr/bin/chromium", headless: true, args: flags,
		viewport: { width: 1440, height: 900 }, colorScheme: "light", ...options,
	});
	context.end = async () => {
		await context.close();
		rmSync(profile, { recursive: true, force: true });
	};
	return context;
}

export async function signIn(page, token) {
	await page.click("#sign-in");
	await page.fill("#sign-form [name=token]", token);
	await page.click("#sign-form [type=submit]");
	await page.waitForSelector("#who:not([hidden])");
}
