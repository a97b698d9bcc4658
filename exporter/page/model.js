// SPDX-License-Identifier: MIT
// What is known of the host and its guests, and which of it has changed since it was last shown.
// Knows nothing of the document.

import { state, stateNames } from "./format.js";

const SAMPLES = 90;

export let host = null;
export const guests = new Map(); // by domid
export let intervalS = 10;

const histories = new Map(); // by UUID: sizes in KiB, oldest first
const changedGuests = new Set();
let hostChanged = false;
let listChanged = false;
let historyChanged = false;
let wake = () => {};

// Calls back, once, after something has changed; take() then tells what.
export function onChange(callback) {
	wake = callback;
}

export function take() {
	const changes = { guests: new Set(changedGuests), host: hostChanged, list: listChanged, history: historyChanged };
	changedGuests.clear();
	hostChanged = listChanged = historyChanged = false;
	return changes;
}

export function setHost(document) {
	host = document;
	hostChanged = true;
	wake();
}

// Seconds since its last report, by the agent's word and what has passed since; null: not known.
export function ageOf(guest) {
	return guest.report_age_ms === null ? null : (guest.report_age_ms + performance.now() - guest.at) / 1000;
}

function put(guest) {
	guest.at ??= performance.now();
	const before = guests.get(guest.domid);
	guests.set(guest.domid, guest);
	changedGuests.add(guest.domid);
	if (!before || before.name !== guest.name || before.uuid !== guest.uuid)
		listChanged = true;
}

function remove(domid) {
	if (guests.delete(domid))
		listChanged = true;
}

export function setGuest(guest) {
	put(guest);
	wake();
}

export function removeGuest(domid) {
	remove(domid);
	wake();
}

// All guests there are: others are gone.
export function setGuests(list) {
	const present = new Set(list.map((guest) => guest.domid));
	for (const domid of [...guests.keys()])
		if (!present.has(domid))
			remove(domid);
	list.forEach(put);
	listChanged = true;
	wake();
}

export function setHistory(document) {
	intervalS = document.interval_s;
	histories.clear();
	for (const domain of document.domains)
		histories.set(domain.uuid, domain.actual_kib.slice(-SAMPLES));
	historyChanged = true;
	wake();
}

// One more sample of each guest; live is false while what is known may be old.
export function sample(live) {
	for (const guest of guests.values()) {
		const history = histories.get(guest.uuid) || [];
		history.push(live ? guest.actual_kib : null);
		if (history.length > SAMPLES)
			history.shift();
		histories.set(guest.uuid, history);
	}
	historyChanged = true;
	wake();
}

export function historyOf(guest) {
	return histories.get(guest.uuid) || [];
}

export function findByUuid(uuid) {
	for (const guest of guests.values())
		if (guest.uuid === uuid)
			return guest;
	return null;
}

// What it has: as it says itself, else as the hypervisor says.
export function holds(guest) {
	return guest.actual_kib ?? guest.allocated_kib;
}

// What it chooses to be, or would choose if it were let. Its selftarget goes there step by step.
export function wants(guest) {
	return guest.wanted_kib ?? (guest.selfballoon ? guest.selftarget_kib : null);
}

// What turning selfballooning on would free in this guest; 0 where it is on or nobody knows. The
// agent reckons it, and only for a guest that runs and reports.
export function gain(guest) {
	return guest.selfballoon ? 0 : guest.reclaimable_kib ?? 0;
}

export function countStates() {
	const counts = new Map(stateNames.map((name) => [name, 0]));
	for (const guest of guests.values())
		counts.set(guest.state, (counts.get(guest.state) || 0) + 1);
	return counts;
}

const collator = new Intl.Collator(undefined, { numeric: true });

function byName(a, b) {
	return collator.compare(a.name, b.name) || a.domid - b.domid;
}

// Most first; who has no number comes last.
function most(value) {
	return (a, b) => (value(b) ?? -1) - (value(a) ?? -1) || byName(a, b);
}

const orders = {
	state: (a, b) => state(a.state).rank - state(b.state).rank
		|| (b.pressure_centipercent ?? 0) - (a.pressure_centipercent ?? 0)
		|| (b.unmet_kib ?? 0) - (a.unmet_kib ?? 0) || byName(a, b),
	name: byName,
	size: most(holds),
	gain: most(gain),
	pressure: most((guest) => guest.pressure_centipercent),
	age: (a, b) => (ageOf(b) ?? Infinity) - (ageOf(a) ?? Infinity) || byName(a, b),
};

function fits(guest, words, only) {
	if (only && guest.state !== only)
		return false;
	if (!words.length)
		return true;
	const text = `${guest.name}\n${guest.uuid}\n${guest.domid}\n${guest.type}\n${guest.reason}`.toLowerCase();
	return words.every((word) => text.includes(word));
}

// The guests to be shown, in order.
export function select({ sort, reverse, search, only }) {
	const words = search.toLowerCase().split(/\s+/).filter(Boolean);
	const list = [...guests.values()].filter((guest) => fits(guest, words, only)).sort(orders[sort]);
	return reverse ? list.reverse() : list;
}
