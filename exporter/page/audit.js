// SPDX-License-Identifier: MIT
// What was asked of the agent, by whom, and how it ended. For operators.

import { byId, copyOf, make, setTitle } from "./dom.js";
import { dateTime, sentence, size, unknown } from "./format.js";
import { askJson, me } from "./session.js";

const PAGE = 50;

const place = byId("audit");
let view = null;

function amount(entry, value) {
	if (entry.action === "policy")
		return value || "none";
	if (value === null || value === undefined)
		return unknown;
	return entry.action === "target" ? size(value) : value ? "on" : "off";
}

function what(entry) {
	if (entry.action === "selfballoon")
		return `selfballooning ${amount(entry, entry.requested)}`;
	if (entry.action === "policy")
		return `policy ${amount(entry, entry.requested)}`;
	return entry.action === "target" ? `target ${amount(entry, entry.requested)}` : String(entry.action ?? "request");
}

const toneOf = { ok: "good", checked: "info" };

function makeEntry(entry) {
	const item = make("li", "entry");
	const at = new Date(entry.time);
	const time = make("time", "", isNaN(at) ? String(entry.time) : dateTime(at));
	const chip = make("span", `chip ${toneOf[entry.result] || "bad"}`, String(entry.result).replaceAll("_", " "));
	const line = make("span", "what");
	line.append(make("b", "", entry.name ?? entry.subject ?? "all"), document.createTextNode(` ${what(entry)}`));
	if (entry.result === "ok" && entry.action !== "selfballoon")
		line.append(document.createTextNode(`, before ${amount(entry, entry.before)}`));
	const flags = [entry.dry_run && "dry run", entry.force && "forced"].filter(Boolean).join(", ");
	const who = `${entry.principal ?? "nobody known"} · ${entry.interface ?? ""} ${entry.address ?? ""}${flags ? ` · ${flags}` : ""}`;
	item.append(time, chip, line, make("span", "who-line muted", who));
	if (entry.detail || entry.warning)
		item.append(make("span", "detail muted", [entry.detail, entry.warning].filter(Boolean).map(sentence).join(". ")));
	return item;
}

// Writes entries into place, after those that are there if more.
export function showLog(log, entries, nothing, more = false) {
	let list = log.querySelector("ol");
	if (!list || !more) {
		list = make("ol", "entries");
		log.replaceChildren(list);
	}
	list.append(...entries.map(makeEntry));
	if (!list.children.length)
		log.replaceChildren(make("p", "empty", nothing));
}

async function load(before = null) {
	const mine = view;
	const query = new URLSearchParams({ limit: PAGE });
	const { result, dry_runs: dryRuns } = mine.form.elements;
	if (!dryRuns.checked && result.value !== "checked")
		query.set("dry_run", "false");
	for (const name of ["domain", "result"])
		if (mine.form.elements[name].value)
			query.set(name, mine.form.elements[name].value);
	if (before)
		query.set("before", before);
	try {
		const { entries, next } = await askJson(`api/v1/audit?${query}`);
		if (view !== mine)
			return;
		showLog(mine.log, entries, "Nothing has been asked for since the agent started.", Boolean(before));
		mine.next = next;
		mine.older.hidden = !next;
	} catch (error) {
		if (view === mine)
			mine.log.replaceChildren(make("p", "empty", error.status === 401 || error.status === 403
				? "The audit is for operators: sign in as one." : error.message));
	}
}

export function openAudit() {
	closeAudit();
	place.replaceChildren(copyOf("audit-template"));
	view = {
		form: place.querySelector("form"), log: place.querySelector(".log"), older: place.querySelector(".older"), next: null,
	};
	view.form.addEventListener("submit", (event) => {
		event.preventDefault();
		load();
	});
	for (const name of ["result", "dry_runs"])
		view.form.elements[name].addEventListener("change", () => load());
	view.older.addEventListener("click", () => load(view.next));
	setTitle({ part: "Audit" });
	load();
}

export function closeAudit() {
	view = null;
	place.replaceChildren();
}

// A decision was made: whoever looks at the first page sees it.
export function auditDecided() {
	if (view && me.role === "operator" && !view.form.elements.domain.value)
		load();
}
