// SPDX-License-Identifier: MIT
// Starts the page's parts and brings together what has changed, who looks and which view is open.

import { auditDecided, closeAudit, openAudit } from "./audit.js";
import { idleGuests, switchAllOn } from "./control.js";
import { byId, make, setAttribute, setText, setTitle } from "./dom.js";
import { clock, duration, state } from "./format.js";
import { closeGuest, guestDecided, openGuest, refreshGuest } from "./guest.js";
import { showHost } from "./host.js";
import * as model from "./model.js";
import { speak } from "./say.js";
import * as session from "./session.js";
import * as stream from "./stream.js";
import { showAges, showTable, startTable } from "./table.js";

const SORT_MS = 2000; // rows change places no more often than this

const choice = { sort: "state", reverse: false, search: "", only: null };
const told = new Map(); // domid to the state that was last spoken of
let view = "overview";
let left = null; // where one was in the overview, and the guest that was opened there
let list = [];
let listAt = 0;
let frame = 0;
let pending = { guests: new Set(), host: false, list: false, history: false, all: false };

// --- what is shown ---

function nothingToShow() {
	if (stream.status.kind === "closed")
		return "This agent shows its guests to those who sign in.";
	if (!model.host)
		return stream.status.kind === "cut" ? "The agent does not answer." : "Waiting for the agent…";
	if (!model.guests.size)
		return "No guest runs on this host. One that starts appears here at once.";
	return list.length ? null : "No guest fits. Clear the search, or show all.";
}

function showEmpty() {
	const text = nothingToShow();
	byId("empty").hidden = !text;
	byId("table").hidden = Boolean(text);
	setText(byId("empty"), text ?? "");
}

function makeChip(name, label, tone) {
	const chip = make("button", `filter ${tone}`);
	chip.type = "button";
	chip.dataset.only = name;
	chip.append(make("i"), make("span", "", label), make("b"));
	chip.addEventListener("click", () => {
		choice.only = name === choice.only ? null : name || null;
		again();
	});
	return chip;
}

function showChips() {
	const place = byId("chips");
	const counts = model.countStates();
	const wanted = [["", "all", "none", model.guests.size]];
	for (const [name, count] of counts)
		if (count || name === choice.only)
			wanted.push([name, state(name).label, state(name).tone, count]);
	wanted.forEach(([name, label, tone, count], i) => {
		let chip = place.children[i];
		if (!chip || chip.dataset.only !== name) {
			const known = [...place.children].find((other) => other.dataset.only === name);
			place.insertBefore(known || makeChip(name, label, tone), chip || null);
			chip = place.children[i];
		}
		setText(chip.lastChild, String(count));
		setAttribute(chip, "aria-pressed", String((choice.only || "") === name));
	});
	while (place.children.length > wanted.length)
		place.lastChild.remove();
}

function showAllOn() {
	const button = byId("all-on");
	const count = idleGuests().length;
	button.parentNode.hidden = !count;
	setText(button, `Turn selfballooning on in ${count} ${count === 1 ? "guest" : "guests"}…`);
}

function showSort() {
	byId("sort").value = choice.sort;
	for (const header of byId("table").querySelectorAll("[data-sort]")) {
		const mine = header.dataset.sort === choice.sort;
		const up = (choice.sort === "name" || choice.sort === "state") !== choice.reverse;
		setAttribute(header, "aria-sort", mine ? up ? "ascending" : "descending" : "none");
	}
}

// Only what an operator has to know: a guest that has come into trouble, or out of it.
function tell(changes) {
	const words = [];
	for (const domid of changes.guests) {
		const guest = model.guests.get(domid);
		if (!guest)
			continue;
		const { tone, label } = state(guest.state);
		const trouble = tone === "bad" || tone === "warn";
		if (trouble && told.has(domid) && told.get(domid) !== guest.state)
			words.push(`${guest.name}: ${label}, ${guest.reason}`);
		told.set(domid, trouble ? guest.state : "");
	}
	if (words.length)
		speak(words.length > 3 ? `${words.length} guests came into trouble.` : words.join(". "));
}

function reselect(changes) {
	const due = changes.all || changes.list || performance.now() - listAt >= SORT_MS;
	if (due) {
		list = model.select(choice);
		listAt = performance.now();
	} else {
		// In the order they had; a guest that changed is the same one with other numbers.
		list = list.map((guest) => model.guests.get(guest.domid)).filter(Boolean);
	}
}

function merge(changes) {
	changes.guests.forEach((domid) => pending.guests.add(domid));
	for (const key of ["host", "list", "history"])
		pending[key] = pending[key] || changes[key];
}

function show() {
	cancelAnimationFrame(frame);
	frame = 0;
	const start = performance.now();
	merge(model.take());
	const changes = pending;
	if (changes.host || changes.guests.size || changes.list || changes.all)
		showHost();
	tell(changes);
	if (view === "overview") {
		pending = { guests: new Set(), host: false, list: false, history: false, all: false };
		reselect(changes);
		showAllOn();
		showChips();
		showEmpty();
		showTable(list, changes);
	} else {
		pending.all = true;
		pending.guests.clear();
		refreshGuest();
	}
	performance.measure("update", { start });
	performance.clearMeasures("update");
	if (list.length && !performance.getEntriesByName("first-rows").length)
		performance.mark("first-rows");
}

function soon() {
	if (!frame)
		frame = requestAnimationFrame(show);
}

// All of it: who looks or what is chosen has changed.
function again() {
	pending.all = true;
	showSort();
	soon();
}

// --- how the link stands ---

const linkWords = {
	connecting: "Connecting", live: "Live", polling: "Looking every 3 s", cut: "Cut off", closed: "Sign in to see",
};

function troubleText() {
	const { kind, since, retryAt, stale } = stream.status;
	if (kind === "cut") {
		const left = Math.max(0, Math.ceil((retryAt - performance.now()) / 1000));
		return `Cut off from the agent since ${clock(new Date(since))}. What is shown is from before; trying again${left ? ` in ${left} s` : " now"}.`;
	}
	if (stale && kind !== "closed") {
		const age = stale.ageMs === null ? "" : ` What is shown is ${duration((stale.ageMs + performance.now() - stale.at) / 1000)} old.`;
		return `Stale: ${stale.why}.${age}`;
	}
	return "";
}

function showLink() {
	const { kind, stale } = stream.status;
	const shown = stale && kind !== "cut" && kind !== "closed" ? "stale" : kind;
	const before = byId("link").dataset.kind;
	byId("link").dataset.kind = shown;
	setText(byId("link-text"), shown === "stale" ? "Stale" : linkWords[kind]);
	const text = troubleText();
	const banner = byId("trouble");
	banner.hidden = !text;
	// A countdown that is read out each second helps nobody.
	setAttribute(banner, "role", before === shown ? "none" : "alert");
	setText(banner, text);
	document.body.classList.toggle("old", shown === "cut" || shown === "stale");
	// The agent that is back may know this person no more, or for the first time.
	if (before !== shown && (kind === "closed" || before === "cut"))
		session.recognise();
	if (before !== shown && (before === "cut" || before === "stale") && (kind === "live" || kind === "polling"))
		speak("The agent is back; what is shown is current.");
	if (before !== shown)
		again();
}

// --- who looks, and at what ---

function showSession() {
	const { me } = session;
	const known = me.role !== "none";
	byId("sign-in").hidden = known;
	byId("sign-out").hidden = !known;
	byId("who").hidden = !known;
	byId("hint").hidden = me.role === "operator";
	setText(byId("who"), known ? `${me.name ?? "you"} · ${me.role}` : "");
	byId("audit-link").hidden = me.role !== "operator";
	setAttribute(document.body, "data-role", me.role);
	guestDecided();
	stream.restart();
	again();
	route();
}

// Coming back leads to the row that one came from.
function place(from) {
	const row = from && byId("rows").querySelector(`[href="#/guest/${from.uuid}"]`);
	scrollTo(0, from ? from.scroll : 0);
	(row || byId("main")).focus({ preventScroll: !row });
}

function route() {
	const [, name, argument] = location.hash.match(/^#\/(guest|audit)(?:\/([0-9a-fA-F-]{36}))?$/) || [];
	const next = name === "guest" && argument ? "detail" : name === "audit" ? "audit" : "overview";
	const moved = next !== view;
	if (moved && view === "overview")
		left = { uuid: argument, scroll: scrollY };
	view = next;
	for (const id of ["overview", "detail", "audit"])
		byId(id).hidden = id !== view;
	if (view === "detail")
		openGuest(argument.toLowerCase());
	else
		closeGuest();
	if (view === "audit" && (moved || session.me.role === "operator"))
		openAudit();
	else if (view !== "audit")
		closeAudit();
	if (view === "overview")
		setTitle({ part: "" });
	again();
	if (moved) {
		show();
		place(view === "overview" ? left : null);
	}
}

function wire() {
	model.onChange(soon);
	byId("all-on").addEventListener("click", switchAllOn);
	stream.link.addEventListener("change", showLink);
	stream.link.addEventListener("control", () => {
		auditDecided();
		guestDecided();
	});
	session.changed.addEventListener("change", showSession);
	addEventListener("hashchange", route);
	byId("search").addEventListener("input", (event) => {
		choice.search = event.target.value;
		again();
	});
	byId("sort").addEventListener("change", (event) => {
		choice.sort = event.target.value;
		choice.reverse = false;
		again();
	});
	byId("table").querySelectorAll("[data-sort] button").forEach((button) => button.addEventListener("click", () => {
		const sort = button.parentNode.dataset.sort;
		choice.reverse = choice.sort === sort && !choice.reverse;
		choice.sort = sort;
		again();
	}));
	addEventListener("keydown", (event) => {
		const typing = event.target.closest("input, select, textarea, dialog");
		if (event.key === "/" && !typing && view === "overview") {
			event.preventDefault();
			byId("search").focus();
		} else if (event.key === "Escape" && !typing && view !== "overview") {
			location.hash = "#/";
		}
	});
	setInterval(() => {
		if (view === "overview")
			showAges();
		else
			soon();
		if (stream.status.kind === "cut" || stream.status.stale)
			showLink();
	}, 1000);
}

wire();
startTable();
showSort();
route();
session.recognise();
stream.start();
