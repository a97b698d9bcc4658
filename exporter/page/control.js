// SPDX-License-Identifier: MIT
// Changes guests: asks first what would be refused, then for what the person wants. Judges nothing
// itself; the agent's own sentences are what is shown.

import { mib, quoted, sentence, size } from "./format.js";
import * as model from "./model.js";
import { notify, question } from "./say.js";
import { ask, askJson, maySteer, Problem } from "./session.js";

function path(guest, what) {
	return `api/v1/domains/${encodeURIComponent(guest.uuid)}/${what}`;
}

// What went wrong, as a sentence for people.
export function reason(error) {
	if (error instanceof Problem)
		return sentence(error.message);
	return error.name === "TimeoutError" ? "The agent did not answer in time." : "The agent does not answer.";
}

// What the change left behind is shown at once; the stream tells the rest.
function learn(answer, key) {
	const guest = model.guests.get(answer.domid);
	if (guest && guest.uuid === answer.uuid && answer.after !== null)
		model.setGuest({ ...guest, [key]: answer.after });
}

function warned(text, answer) {
	notify(answer.warning ? `${text} ${sentence(answer.warning)}` : text, answer.warning ? "warn" : "good");
}

// Resolves to whether it was done.
export async function switchGuest(guest, enabled) {
	try {
		const answer = await askJson(path(guest, "selfballoon"), { method: "POST", body: { enabled } });
		learn(answer, "selfballoon");
		warned(enabled ? `${quoted(guest.name)} now sizes itself.` : `${quoted(guest.name)} now keeps the size that dom0 sets.`, answer);
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
	const sure = await question(`Let ${list.length} guests size themselves?`,
		`This would free about ${size(free)}. Each gives memory back in small steps and takes it again when it needs it.`, "Turn selfballooning on");
	if (!sure)
		return;
	try {
		const answer = await askJson("api/v1/selfballoon", { method: "POST", body: { enabled: true, domains: list.map((guest) => guest.uuid) } });
		notify(`${answer.succeeded} of ${answer.requested} guests now size themselves.`, answer.failed ? "warn" : "good");
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
		const answer = await askJson(path(guest, "target"), { method: "POST", body, headers });
		learn(answer, "target_kib");
		warned(`${quoted(guest.name)}: target ${size(answer.before)} → ${size(answer.after)}.`, answer);
		return true;
	} catch (error) {
		notify(`${quoted(guest.name)}'s target was not set: ${reason(error)}`, "bad");
		return false;
	}
}

export async function forceTarget(guest, kib, problem) {
	const sure = await question(`Force ${quoted(guest.name)} to ${mib(kib)} MiB?`, sentence(problem.message), "Force it");
	return sure && setTarget(guest, kib, { force: true });
}
