// SPDX-License-Identifier: MIT
// shot.js URL TOKEN DIR [PREFIX] [GUEST]: pictures of a page that runs, for the documentation: wide, dark,
// phone, and one guest's own view. An empty TOKEN looks as anybody would.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, signIn } from "./browser.js";

const [url, token, directory, prefix = "page", guest] = process.argv.slice(2);
const WIDE = { width: 1440, height: 900 }, PHONE = { width: 390, height: 844 };

const context = await launch({ viewport: WIDE });
const page = context.pages()[0] ?? await context.newPage();
page.setDefaultTimeout(30000);
mkdirSync(directory, { recursive: true });

async function shot(name, viewport, colorScheme) {
	await page.setViewportSize(viewport);
	await page.emulateMedia({ colorScheme });
	await page.evaluate(() => scrollTo(0, 0));
	await page.mouse.move(0, 0);
	await page.waitForTimeout(300);
	const path = join(directory, `${prefix}-${name}.png`);
	await page.screenshot({ path });
	console.log(path);
}

await page.goto(url);
await page.locator("#rows .row").first().waitFor();
if (token)
	await signIn(page, token);
await page.locator("#link[data-kind=live]").waitFor();
await shot("wide", WIDE, "light");
await shot("dark", WIDE, "dark");
await shot("phone", PHONE, "light");
const row = guest ? page.locator("#rows .name", { hasText: guest }) : page.locator("#rows .name");
await row.first().click();
await page.locator("#detail .chart path.actual").waitFor({ state: "attached" });
await page.setViewportSize(WIDE);
await shot("guest", WIDE, "light");
await context.end();
