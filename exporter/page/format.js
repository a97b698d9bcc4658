// SPDX-License-Identifier: MIT
// Words and numbers as people read them. Knows nothing of where they come from.

export const unknown = "–";

const MIB = 1024;
const GIB = 1024 * 1024;

// KiB as "412 MiB", from 10 GiB on "12.5 GiB": as the agent writes sizes in its sentences.
export function size(kib) {
	if (kib === null || kib === undefined)
		return unknown;
	const abs = Math.abs(kib);
	const [unit, name] = abs >= 10 * 1024 * GIB ? [1024 * GIB, "TiB"] : abs >= 10 * GIB ? [GIB, "GiB"] : [MIB, "MiB"];
	const tenths = abs >= 10 * GIB || abs < 10 * MIB;
	return `${tenths ? Math.round(kib / unit * 10) / 10 : Math.round(kib / unit)} ${name}`;
}

// A foreign name within a sentence: its directions of writing end with it.
export function quoted(name) {
	return `\u2068${name}\u2069`;
}

// A number and its unit stay on one line.
export function unbroken(text) {
	return text.replace(/(\d) (KiB|MiB|GiB|s|%)(?=\W|$)/g, "$1\u00a0$2");
}

export function mib(kib) {
	return Math.round(kib / MIB);
}

// Hundredths of a percent as "1.2 %".
export function pressure(centi) {
	if (centi === null || centi === undefined)
		return unknown;
	return centi >= 1000 || centi < 5 ? `${Math.round(centi / 100)} %` : `${(centi / 100).toFixed(1)} %`;
}

// A sentence of the agent's, a capital first.
export function sentence(text) {
	return unbroken(text.charAt(0).toUpperCase() + text.slice(1));
}

// Local time in an order that nobody mistakes.
export function dateTime(date) {
	return date.toLocaleString("sv-SE");
}

export function duration(seconds) {
	if (seconds < 100)
		return `${Math.max(0, Math.round(seconds))} s`;
	if (seconds < 100 * 60)
		return `${Math.round(seconds / 60)} min`;
	if (seconds < 48 * 3600)
		return `${Math.round(seconds / 3600)} h`;
	return `${Math.round(seconds / 86400)} d`;
}

export function clock(date) {
	return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

// In the order of how much they ask of an operator.
const states = {
	crashed: ["crashed", "bad", "its kernel has crashed; dom0 keeps it"],
	starving: ["starving", "bad", "has what it was told to, lacks memory, and its programs wait for it"],
	stuck: ["stuck", "bad", "no progress for 10 s, though there is room"],
	host_full: ["host full", "bad", "wants more, and the host has none left"],
	capped: ["capped", "warn", "wants more than dom0's limit lets it have"],
	refused: ["refused", "bad", "its balloon driver refuses, or its kernel has none"],
	silent: ["silent", "warn", "has not reported for 90 s"],
	unknown: ["unknown", "none", "not seen to report since the agent or xenstored started"],
	foreign: ["foreign", "info", "another memory manager owns its target"],
	growing: ["growing", "move", "on its way up"],
	shrinking: ["shrinking", "move", "on its way down"],
	dying: ["dying", "none", "dom0 destroyed it; its memory is not all free yet"],
	paused: ["paused", "none", "dom0 does not let it run"],
	suspended: ["suspended", "none", "is being saved or migrated"],
	shut_down: ["shut down", "none", "has ended and waits for dom0 to destroy it"],
	no_agent: ["no agent", "none", "has never reported"],
	converged: ["at target", "good", "is the size it was told to be, or wants"],
};
const order = Object.keys(states);

export function state(name) {
	const [label, tone, help] = states[name] || [String(name), "none", ""];
	const rank = order.indexOf(name);
	return { label, tone, help, rank: rank < 0 ? order.length : rank };
}

export const stateNames = order;
