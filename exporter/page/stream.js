// SPDX-License-Identifier: MIT
// Keeps the model true: follows the agent's events, comes back when cut off, and tells how it
// stands. Where the agent has no stream to give, it looks every few seconds.

import * as model from "./model.js";
import { ask, askJson, Problem, proof } from "./session.js";

const SILENCE_MS = 12000; // the agent gives a sign of life every 5 s
const WAIT_MAX_MS = 15000;
const POLL_MS = 3000;
const FRESH_MS = 5000; // between two looks at the picture's age
const STALE_MS = 30000; // as the agent's /-/ready has it

export const link = new EventTarget(); // "change"; "control" with the decision as detail
// kind: connecting, live, polling, cut or closed (sign in first)
export const status = { kind: "connecting", since: Date.now(), retryAt: 0, stale: null };

let stopFollowing = new AbortController();
let stopWaiting = () => {};
let followedAs = "";
let heardAt = Date.now(); // the last byte, or answer, that came

function become(kind, retryAt = 0) {
	if (status.kind !== kind)
		status.since = kind === "cut" ? heardAt : Date.now();
	status.kind = kind;
	status.retryAt = retryAt;
	link.dispatchEvent(new Event("change"));
}

function judge(host) {
	let stale = null;
	if (!host.store_up)
		stale = "xenstored does not answer the agent";
	else if (!host.hypervisor_up)
		stale = "the hypervisor does not answer the agent";
	else if (host.age_ms === null)
		stale = "the agent has not seen the host yet";
	else if (host.age_ms > STALE_MS)
		stale = "xenstored has not answered the agent in time";
	status.stale = stale && { why: stale, ageMs: host.age_ms, at: performance.now() };
	link.dispatchEvent(new Event("change"));
}

function takeHost(document) {
	model.setHost(document);
	judge(document);
}

const events = {
	host: takeHost,
	domains: (document) => model.setGuests(document.domains),
	domain: (document) => model.setGuest(document),
	gone: (document) => model.removeGuest(document.domid),
	control: (document) => link.dispatchEvent(new CustomEvent("control", { detail: document })),
};

// One event of the stream, its lines as they came.
function takeEvent(block) {
	let name = "message";
	const data = [];
	for (const line of block.split(/\r\n|\r|\n/)) {
		if (line.startsWith("event:"))
			name = line.slice(6).trim();
		else if (line.startsWith("data:"))
			data.push(line.slice(5).replace(/^ /, ""));
	}
	if (data.length && events[name])
		events[name](JSON.parse(data.join("\n")));
}

async function readEvents(body, alive) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let text = "";
	for (;;) {
		const { value, done } = await reader.read();
		if (done)
			return;
		alive();
		const blocks = (text + value).split(/\r?\n\r?\n/);
		text = blocks.pop();
		blocks.forEach(takeEvent);
	}
}

function loadHistory() {
	askJson("api/v1/history").then(model.setHistory, () => {});
}

// Until the stream ends or is silent for too long. Returns false if there is none to be had.
async function follow() {
	const silent = new AbortController();
	let timer;
	const alive = () => {
		heardAt = Date.now();
		clearTimeout(timer);
		timer = setTimeout(() => silent.abort(), SILENCE_MS);
	};
	const limit = setTimeout(() => silent.abort(), SILENCE_MS);
	try {
		const response = await ask("api/v1/events", {
			headers: { Accept: "text/event-stream" },
			signal: AbortSignal.any([silent.signal, stopFollowing.signal]),
		});
		if (response.status === 404 || response.status === 503)
			return false;
		if (!response.ok)
			throw new Problem(response.status, await response.json().catch(() => ({})));
		clearTimeout(limit);
		alive();
		become("live");
		loadHistory();
		await readEvents(response.body, alive);
		throw new Error("the stream ended");
	} finally {
		clearTimeout(limit);
		clearTimeout(timer);
	}
}

async function look() {
	const [host, domains] = await Promise.all([askJson("api/v1/host"), askJson("api/v1/domains")]);
	heardAt = Date.now();
	takeHost(host);
	model.setGuests(domains.domains);
}

async function pollOnce() {
	await look();
	if (status.kind !== "polling")
		loadHistory();
	become("polling");
	await wait(POLL_MS);
}

function wait(ms) {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		stopWaiting = () => {
			clearTimeout(timer);
			resolve();
		};
	});
}

// Begins anew if who is signed in has changed since, and tries at once if it was waiting.
export function restart() {
	if (status.kind !== "cut" && status.kind !== "closed" && followedAs === proof())
		return;
	stopFollowing.abort();
	stopFollowing = new AbortController();
	stopWaiting();
}

async function cutOff(error, failures) {
	if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
		become("closed");
		await wait(2 ** 31 - 1);
		return;
	}
	// Not all at the same moment, once the agent is back.
	const ms = Math.min(WAIT_MAX_MS, 500 * 2 ** failures) * (0.75 + Math.random() / 2);
	become(status.kind === "connecting" && !failures ? "connecting" : "cut", performance.now() + ms);
	await wait(ms);
}

async function keepFollowing() {
	for (let failures = 0; ;) {
		const stop = stopFollowing;
		followedAs = proof();
		try {
			if (!await follow())
				await pollOnce();
			failures = 0;
		} catch (error) {
			if (stop.signal.aborted)
				continue;
			if (status.kind === "live" || status.kind === "polling")
				failures = 0;
			await cutOff(error, failures++);
		}
	}
}

// A host whose numbers stand still sends nothing: its age has to be asked for.
async function keepJudging() {
	for (;;) {
		await new Promise((resolve) => setTimeout(resolve, FRESH_MS));
		if (status.kind === "live")
			await askJson("api/v1/host").then(takeHost, () => {});
	}
}

export function start() {
	keepFollowing();
	keepJudging();
	addEventListener("online", restart);
	setInterval(() => model.sample((status.kind === "live" || status.kind === "polling") && !status.stale), model.intervalS * 1000);
}
