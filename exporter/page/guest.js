// SPDX-License-Identifier: MIT
// A guest's own view: why it has the size it has, what it was, and, for an operator, the ways to
// change it.

import { showLog } from "./audit.js";
import { makeBar, showBar } from "./bar.js";
import { Chart, tableOf } from "./chart.js";
import { Ordering } from "./policy.js";
import { Steering } from "./steer.js";
import { byId, copyOf, make, setClass, setText, setTitle } from "./dom.js";
import { duration, pressure, sentence, size, state, unknown } from "./format.js";
import * as model from "./model.js";
import { askJson, maySteer, me } from "./session.js";

const HISTORY_MS = 10000;

const place = byId("detail");
let view = null;

const word = (text) => text ?? unknown;

const facts = [
	["Maximum", "static_max_kib", size], ["Target", "target_kib", size], ["Counted by the guest", "actual_kib", size],
	["Minimum", "minimum_kib", size], ["Next step", "selftarget_kib", size], ["Wants", "wanted_kib", size],
	["Has", "allocated_kib", size], ["Limit", "cap_kib", size], ["Could free", "reclaimable_kib", size],
	["Lacks", "unmet_kib", size], ["Committed", "committed_kib", size],
	["Available", "available_kib", size], ["Swap used", "swap_used_kib", size],
	["Pressure", "pressure_centipercent", pressure],
	["Selfballooning", "selfballoon", (on) => on === null ? unknown : on ? "on" : "off"],
	["Policy in force", "policy", word], ["Policy ordered", "policy_ordered", (text) => text ?? "none"],
	["Last report", "report_age_ms", (age, guest) => age === null ? "not seen" : `${duration(model.ageOf(guest))} ago`],
	["Malformed values", "key_errors", (count) => String(count ?? 0)],
];

function makeFacts(list) {
	return facts.map(([word, key, show]) => {
		const pair = make("div");
		const value = make("dd");
		pair.append(make("dt", "", word), value);
		list.append(pair);
		return { key, show, value };
	});
}

// The sizes by name, in the colours of the bar.
function showFigures(list, guest) {
	const figures = [
		["fill", "has", model.holds(guest)], ["want", "wants", model.wants(guest)],
		["target", "target", guest.target_kib], ["floor", "minimum", guest.minimum_kib],
		["cap", "limit", guest.cap_kib], ["", "maximum", guest.static_max_kib],
	];
	figures.forEach(([mark, word, kib], i) => {
		let item = list.children[i];
		if (!item) {
			item = make("li");
			item.append(make("i", `mark ${mark}`), make("span", "word"), make("b"));
			list.append(item);
		}
		setText(item.children[1], word);
		setText(item.children[2], size(kib));
	});
}

async function loadHistory() {
	const mine = view;
	const guest = model.findByUuid(mine.uuid);
	mine.historyAt = performance.now();
	if (!guest)
		return;
	try {
		const history = await askJson(`api/v1/domains/${encodeURIComponent(mine.uuid)}/history`);
		if (view !== mine)
			return;
		mine.chart.show(history, guest.name);
		mine.find(".as-table .scroll").replaceChildren(tableOf(history));
	} catch {
		// The banner tells that the agent is away; what was drawn stays.
	}
}

async function loadDecisions() {
	const mine = view;
	if (!mine || me.role !== "operator")
		return;
	try {
		const { entries } = await askJson(`api/v1/audit?limit=10&domain=${encodeURIComponent(mine.uuid)}`);
		if (view === mine)
			showLog(mine.find(".decisions .log"), entries, "Nobody has asked to change this guest since the agent started.");
	} catch (error) {
		if (view === mine)
			mine.find(".decisions").hidden = error.status === 404;
	}
}

function open(uuid) {
	place.replaceChildren(copyOf("detail-template"));
	const find = (selector) => place.querySelector(selector);
	const bar = makeBar();
	find(".slot").replaceWith(bar.node);
	bar.node.classList.add("large");
	view = {
		uuid, find, bar, facts: makeFacts(find(".facts")), historyAt: 0,
		chart: new Chart(find(".chart"), find(".readout")), steering: new Steering(find(".steer")), ordering: new Ordering(find(".steer")),
	};
	loadHistory();
	loadDecisions();
}

function showGone() {
	setText(view.find("h1"), "This guest is not here");
	setText(view.find(".reason"), model.host ? "No guest of this host has this UUID now. It may have been shut down or moved to another host." : "");
	view.find(".chip").hidden = true;
	for (const panel of place.querySelectorAll(".panel"))
		panel.hidden = true;
	setTitle({ part: "" });
}

function showGuest(guest) {
	const { label, tone } = state(guest.state);
	for (const panel of place.querySelectorAll(".panel"))
		panel.hidden = false;
	setText(view.find("h1"), guest.name);
	setTitle({ part: guest.name });
	view.find(".chip").hidden = false;
	setText(view.find(".chip"), label);
	setClass(view.find(".chip"), `chip ${tone}`);
	setText(view.find(".sub"), `${guest.type} · domid ${guest.domid} · ${guest.uuid}`);
	setText(view.find(".reason"), guest.reason);
	setText(view.find(".policy-note"), guest.policy_note ? `${sentence(guest.policy_note)}` : "");
	view.find(".policy-note").hidden = !guest.policy_note;
	showBar(view.bar, guest);
	showFigures(view.find(".panel .figures"), guest);
	for (const { key, show, value } of view.facts)
		setText(value, guest.errors.includes(key) ? "malformed" : show(guest[key] ?? null, guest));
	view.find(".steer").hidden = !maySteer(guest);
	view.find(".decisions").hidden = me.role !== "operator";
	view.steering.show(guest);
	view.ordering.show(guest);
}

// Shows the guest as it is now, if it is the one that is open.
export function refreshGuest() {
	if (!view)
		return;
	const guest = model.findByUuid(view.uuid);
	if (guest)
		showGuest(guest);
	else
		showGone();
	if (performance.now() - view.historyAt >= HISTORY_MS)
		loadHistory();
}

export function openGuest(uuid) {
	if (view && view.uuid === uuid)
		return;
	closeGuest();
	open(uuid);
	refreshGuest();
}

export function closeGuest() {
	if (view) {
		view.chart.end();
		view.steering.end();
		view.ordering.end();
	}
	view = null;
	place.replaceChildren();
}

// A decision about it has been made, or somebody else has signed in.
export function guestDecided() {
	loadDecisions();
}
