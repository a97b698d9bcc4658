// SPDX-License-Identifier: MIT
// Changes guests: asks first what would be refused, then for what the person wants. Judges nothing
// itself; the agent's own sentences are what is shown.

import { mib, quoted, sentence, size } from "./format.js";
import * as model from "./model.js";
import { notify, question } from "./say.js";
import { ask, askJson, maySteer, Problem } from "./session.js";

const PATIENCE_S = 3;
const TOLERANCE_KIB = 1024; // sizes closer than this are the same

function path(guest, what) {
	return `api/v1/domains/${encodeURIComponent(guest.uuid)}/${what}`;
}

// What went wrong, as a sentence for people.
export function reason(error) {
	if (error instanceof Problem)
		return sentence(error.message);
	return error.name === "TimeoutError"
		? "The agent did not answer in time. It may still do it when it goes on: look before you ask again."
		: "The agent does not answer.";
}

// Asks for a change, and says how long there is no answer and what that means.
async function change(path, options) {
	const start = performance.now();
	const timer = setInterval(() => {
		const seconds = Math.round((performance.now() - start) / 1000);
		if (seconds >= PATIENCE_S)
			notify(`No answer yet (${seconds} s). The agent may still make this change when it goes on.`, "warn");
	}, 1000);
	try {
		return await askJson(path, { method: "POST", ...options });
	} finally {
		clearInterval(timer);
	}
}

// What the change left behind is shown at once; the stream tells the rest.
function learn(answer, key) {
	const guest = model.guests.get(answer.domid);
	if (guest && guest.uuid === answer.uuid && (answer.after !== null || key === "policy_ordered"))
		model.setGuest({ ...guest, [key]: answer.after });
}

function warned(text, answer, action = null) {
	notify(answer.warning ? `${text} ${sentence(answer.warning)}` : text, answer.warning ? "warn" : "good", action);
}

// The target from before selfballooning, where going back to it would change something; else null.
export function formerTarget(guest) {
	const former = guest.former_target_kib ?? null;
	const now = guest.selfballoon ? model.holds(guest) : guest.target_kib;
	return former !== null && Math.abs(former - now) >= TOLERANCE_KIB ? former : null;
}

// What can be done about a guest that stays small.
function backTo(guest) {
	const former = formerTarget(guest);
	return former === null ? null : { word: `Back to ${size(former)}`, act: () => restoreTarget(guest) };
}

// Selfballooning off, and the target from before. Resolves to whether it was done.
export async function restoreTarget(guest) {
	try {
		const answer = await change(path(guest, "selfballoon"), { body: { enabled: false, restore: true } });
		learn(answer, "selfballoon");
		notify(`${quoted(guest.name)} goes back to its target from before selfballooning.`);
		return true;
	} catch (error) {
		notify(`${quoted(guest.name)} does not go back to its target: ${reason(error)}`, "bad");
		return false;
	}
}

// Resolves to whether it was done.
export async function switchGuest(guest, enabled) {
	try {
		const answer = await change(path(guest, "selfballoon"), { body: { enabled } });
		learn(answer, "selfballoon");
		warned(`Selfballooning is ${enabled ? "on" : "off"} in ${quoted(guest.name)}.`, answer, enabled ? null : backTo(guest));
		return true;
	} catch (error) {
		notify(`${quoted(guest.name)} was not switched ${enabled ? "on" : "off"}: ${reason(error)}`, "bad");
		return false;
	}
}

// Whom it would free memory: those who may be switched, can balloon and do not size themselves yet.
export function idleGuests() {
	return [...model.guests.values()].filter((guest) => maySteer(guest) && !guest.selfballoon && guest.state !== "refused" && guest.wanted_kib !== null);
}

export async function switchAllOn() {
	const list = idleGuests();
	const free = list.reduce((sum, guest) => sum + model.gain(guest), 0);
	const takers = list.filter((guest) => guest.unmet_kib > 0);
	const taken = takers.reduce((sum, guest) => sum + guest.unmet_kib, 0);
	const text = [`They free about ${size(free)} in small steps and take it again when they need it.`];
	if (takers.length)
		text.push(`${takers.length} of them lack memory and take up to ${size(taken)} at once; ${size(model.host.free_kib)} are free now.`);
	const sure = await question(`Turn selfballooning on in ${list.length} ${list.length === 1 ? "guest" : "guests"}?`, text.join(" "), "Turn selfballooning on");
	if (!sure)
		return;
	try {
		const answer = await change("api/v1/selfballoon", { body: { enabled: true, domains: list.map((guest) => guest.uuid) } });
		notify(`Selfballooning is on in ${answer.succeeded} of ${answer.requested} guests.`, answer.failed ? "warn" : "good");
	} catch (error) {
		notify(`Not all were switched on: ${reason(error)}`, "bad");
	}
}

// The guest's version, so that what was judged and what is changed are the same.
async function versionOf(guest) {
	const response = await ask(`api/v1/domains/${encodeURIComponent(guest.uuid)}`);
	return response.ok ? response.headers.get("ETag") : null;
}

// What would come of it: { problem: null or Problem, version, warning }.
export async function checkTarget(guest, kib, signal) {
	const version = await versionOf(guest);
	try {
		const answer = await askJson(path(guest, "target"), {
			method: "POST", body: { target_kib: kib, dry_run: true }, signal,
		});
		return { problem: null, version, warning: answer.warning };
	} catch (error) {
		if (!(error instanceof Problem))
			throw error;
		return { problem: error, version, warning: null };
	}
}

// Resolves to whether it was done.
export async function setTarget(guest, kib, { version = null, force = false } = {}) {
	const headers = version ? { "If-Match": version } : {};
	const body = force ? { target_kib: kib, force } : { target_kib: kib };
	try {
		const answer = await change(path(guest, "target"), { body, headers });
		learn(answer, "target_kib");
		warned(`${quoted(guest.name)}: target ${size(answer.before)} → ${size(answer.after)}.`, answer);
		return true;
	} catch (error) {
		notify(`${quoted(guest.name)}'s target was not set: ${reason(error)}`, "bad");
		return false;
	}
}

// Whether a guest would take this policy: { problem: null or Problem, after, warning }.
export async function checkPolicy(guest, policy) {
	try {
		const { after, warning } = await askJson(path(guest, "policy"), { method: "POST", body: { policy, dry_run: true } });
		return { problem: null, after, warning };
	} catch (error) {
		if (!(error instanceof Problem))
			throw error;
		return { problem: error, after: null, warning: null };
	}
}

// Resolves to whether it was done; an empty policy takes the order back.
export async function orderPolicy(guest, policy) {
	try {
		const answer = await change(path(guest, "policy"), { body: { policy } });
		learn(answer, "policy_ordered");
		warned(answer.after ? `${quoted(guest.name)}: policy ordered: ${answer.after}.`
			: `${quoted(guest.name)}: the order was taken back; its own configuration counts.`, answer);
		return true;
	} catch (error) {
		notify(`${quoted(guest.name)}'s policy was not ordered: ${reason(error)}`, "bad");
		return false;
	}
}

export async function forceTarget(guest, kib, problem) {
	const sure = await question(`Force ${quoted(guest.name)} to ${mib(kib)} MiB?`, sentence(problem.message), "Force it", "danger");
	return sure && setTarget(guest, kib, { force: true });
}
