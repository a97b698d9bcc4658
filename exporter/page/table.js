// SPDX-License-Identifier: MIT
// The guests as rows. Only rows in and near the window exist, and of those only what has changed
// is touched, so that 1,000 guests cost no more than 30.

import { makeBar, showBar } from "./bar.js";
import { drawSpark } from "./chart.js";
import { switchGuest } from "./control.js";
import { byId, copyOf, setAttribute, setClass, setText } from "./dom.js";
import { duration, pressure, size, state, unbroken, unknown } from "./format.js";
import * as model from "./model.js";
import { maySteer } from "./session.js";

const MARGIN = 8; // rows kept beyond each edge of the window
const ALL = 60; // so few are all kept: the browser's own search finds them

const place = byId("rows");
const rows = new Map(); // by domid
let selected = [];
let rowHeight = 56;

function makeRow(domid) {
	const node = copyOf("row-template").firstElementChild;
	const find = (selector) => node.querySelector(selector);
	const row = {
		node, domid, bar: makeBar(), name: find(".name"), sub: find(".sub"), chip: find(".chip"),
		reason: find(".reason"), held: find(".figures b"), wants: find(".wants"), frees: find(".frees"), most: find(".most"),
		spark: find(".spark"), pressure: find(".c-pressure"), age: find(".c-age"),
		yesNo: find(".yes-no"), toggle: find(".switch"), sparkDue: true,
	};
	find(".slot").replaceWith(row.bar.node);
	row.toggle.addEventListener("click", () => toggle(row));
	return row;
}

async function toggle(row) {
	const guest = model.guests.get(row.domid);
	row.toggle.setAttribute("aria-busy", "true");
	await switchGuest(guest, !guest.selfballoon);
	row.toggle.removeAttribute("aria-busy");
}

function showSelf(row, guest) {
	const steer = maySteer(guest);
	row.toggle.hidden = !steer;
	row.yesNo.hidden = steer;
	setText(row.yesNo, guest.selfballoon ? "on" : "off");
	setAttribute(row.toggle, "aria-checked", String(Boolean(guest.selfballoon)));
	setAttribute(row.toggle, "aria-label", `Selfballooning of ${guest.name}`);
}

export function ageOf(guest) {
	const age = model.ageOf(guest);
	return age === null ? unknown : duration(age);
}

// What turning selfballooning on would free, or what the guest lacks.
function lackOrGain(guest) {
	if (guest.unmet_kib >= 1024)
		return `lacks ${size(guest.unmet_kib)}`;
	return model.gain(guest) >= 1024 ? `could free ${size(model.gain(guest))}` : "";
}

function showRow(row) {
	const guest = model.guests.get(row.domid);
	const { label, tone, help } = state(guest.state);
	setText(row.name, guest.name);
	setAttribute(row.name, "title", guest.name);
	setAttribute(row.name, "href", `#/guest/${guest.uuid}`);
	setAttribute(row.node, "data-tone", tone);
	setText(row.sub, `${guest.type} · ${guest.domid}`);
	setText(row.chip, label);
	setClass(row.chip, `chip ${tone}`);
	setAttribute(row.chip, "title", help);
	setText(row.reason, unbroken(guest.reason));
	setAttribute(row.reason, "title", guest.reason);
	showBar(row.bar, guest);
	setText(row.held, size(model.holds(guest)));
	const wants = model.wants(guest);
	setText(row.wants, wants === null || wants === undefined ? "" : `wants ${size(wants)}`);
	setText(row.frees, lackOrGain(guest));
	setClass(row.frees, guest.unmet_kib >= 1024 ? "frees lacks" : "frees");
	setText(row.most, size(guest.static_max_kib));
	setText(row.pressure, pressure(guest.pressure_centipercent));
	setAttribute(row.pressure, "data-level", guest.pressure_centipercent >= 1000 ? "high" : guest.pressure_centipercent >= 100 ? "some" : "none");
	setText(row.age, ageOf(guest));
	showSelf(row, guest);
	if (row.sparkDue)
		drawSpark(row.spark, model.historyOf(guest), guest.static_max_kib);
	row.sparkDue = false;
}

function measure() {
	rowHeight = parseFloat(getComputedStyle(place).getPropertyValue("--row")) || 56;
}

// First and last row, exclusive, that must exist.
function range() {
	if (selected.length <= ALL)
		return [0, selected.length];
	const top = -place.getBoundingClientRect().top;
	const first = Math.floor(top / rowHeight) - MARGIN;
	const last = Math.ceil((top + innerHeight) / rowHeight) + MARGIN;
	return [Math.max(0, Math.min(first, selected.length - 1)), Math.max(0, Math.min(last, selected.length))];
}

// A row that moves keeps the focus that it had.
function put(node, before) {
	if (node === before)
		return before.nextSibling;
	const focused = node.contains(document.activeElement) ? document.activeElement : null;
	place.insertBefore(node, before);
	if (focused)
		focused.focus({ preventScroll: true });
	return before;
}

function drop(row) {
	row.node.remove();
	rows.delete(row.domid);
}

// Brings the rows in line with what is selected and where the window is.
function placeRows() {
	const [first, last] = range();
	const wanted = selected.slice(first, last);
	const ids = new Set(wanted.map((guest) => guest.domid));
	for (const row of [...rows.values()])
		// The focused one stays, so that the keyboard does not lose its place.
		if (!ids.has(row.domid) && !(row.node.contains(document.activeElement) && model.guests.has(row.domid)))
			drop(row);
	let next = place.firstChild;
	wanted.forEach((guest, i) => {
		let row = rows.get(guest.domid);
		if (!row) {
			row = makeRow(guest.domid);
			rows.set(guest.domid, row);
			showRow(row);
		}
		setAttribute(row.node, "aria-rowindex", String(first + i + 2));
		next = put(row.node, next);
	});
	while (next) {
		const after = next.nextSibling;
		if (![...rows.values()].some((row) => row.node === next))
			next.remove();
		next = after;
	}
	place.style.paddingTop = `${first * rowHeight}px`;
	place.style.paddingBottom = `${(selected.length - last) * rowHeight}px`;
}

// Shows these guests in this order; of those already shown, only the changed ones are written anew.
export function showTable(list, changes) {
	selected = list;
	setAttribute(byId("table"), "aria-rowcount", String(list.length + 1));
	for (const row of [...rows.values()])
		if (!model.guests.has(row.domid))
			drop(row);
	for (const row of rows.values()) {
		row.sparkDue = row.sparkDue || changes.history;
		if (changes.all || row.sparkDue || changes.guests.has(row.domid))
			showRow(row);
	}
	placeRows();
}

// Each second: only the ages.
export function showAges() {
	for (const row of rows.values()) {
		const guest = model.guests.get(row.domid);
		if (guest)
			setText(row.age, ageOf(guest));
	}
}

let frame = 0;
function later() {
	if (!frame)
		frame = requestAnimationFrame(() => {
			frame = 0;
			if (selected.length > ALL && place.offsetParent)
				placeRows();
		});
}

export function startTable() {
	measure();
	addEventListener("scroll", later, { passive: true });
	addEventListener("resize", () => {
		measure();
		later();
	});
}
