// SPDX-License-Identifier: MIT
// One window on the live page, what its tests do again and again, and what the browser complained of.

import { launch, signIn } from "./browser.js";
import { tokens, url } from "./host.js";

export const context = await launch();
export const page = context.pages()[0] ?? await context.newPage();
page.setDefaultTimeout(30000);
export const complaints = []; // of the page itself
export const refused = []; // what the browser notes of requests that did not succeed
export const foreign = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`) && dialog.dismiss());
page.on("console", (message) => {
	if (message.type() === "error")
		(message.text().startsWith("Failed to load resource") ? refused : complaints).push(message.text());
});
page.on("request", (request) => request.url().startsWith(`${url}/`) || foreign.push(request.url()));

export const row = (name) => page.locator(".rows .row", { has: page.locator(`.name:text-is(${JSON.stringify(name)})`) });
export const shown = (selector) => page.locator(selector).filter({ visible: true }).count();
export const isLive = () => page.locator("#link[data-kind=live]").count();
export const fill = (name) => row(name).locator(".sizebar .fill").evaluate((node) => parseFloat(node.style.width));

export async function overview() {
	await page.goto(`${url}/#/`);
	await row("guest1").waitFor();
}

export async function openGuest(name) {
	await overview();
	await row(name).locator(".name").click();
	await page.locator("#detail h1", { hasText: name }).waitFor();
}

export async function become(role) {
	await overview();
	if (await page.isVisible("#sign-out"))
		await page.click("#sign-out");
	await signIn(page, tokens[role]);
}

export async function setNumber(mib) {
	await page.fill("#detail [type=number]", String(mib));
}

export const verdict = (text) => page.locator("#verdict", { hasText: text }).waitFor();
