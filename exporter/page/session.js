// SPDX-License-Identifier: MIT
// Who the person is, and every request to the agent. The credential lives in this tab alone.

import { byId } from "./dom.js";

// Of this agent: behind a proxy, several share an origin and differ in the path.
const KEY = `xenballoon.authorization ${location.pathname}`;
const BEARER = "Bearer ";
const TIMEOUT_MS = 15000;
const NOBODY = { name: null, role: "none", domains: null, read: "open" };

let authorization = sessionStorage.getItem(KEY);

export let me = NOBODY;
export const changed = new EventTarget();

// How requests are proved now; where it differs, what was being read has to be asked for anew.
export function proof() {
	return authorization;
}

export class Problem extends Error {
	constructor(status, document) {
		super(document.detail || document.title || `The agent answered ${status}.`);
		this.status = status;
		this.document = document;
	}
}

// A request with the credential, to a path below the page's own folder; a signal of the caller's own takes the place of the time-out.
export async function ask(path, { method = "GET", body, headers = {}, signal, as } = {}) {
	const shown = as === undefined ? authorization : as;
	const sent = { ...headers };
	// Authorization is left to the browser where a proxy asks for a password of its own.
	if (shown?.startsWith(BEARER))
		sent["X-Xenballoon-Token"] = shown.slice(BEARER.length);
	else if (shown)
		sent.Authorization = shown;
	if (body !== undefined)
		sent["Content-Type"] = "application/json";
	const response = await fetch(path, {
		method, headers: sent, cache: "no-store", redirect: "error", credentials: "same-origin",
		body: body === undefined ? undefined : JSON.stringify(body),
		signal: signal || AbortSignal.timeout(TIMEOUT_MS),
	});
	return response;
}

// The answer's document; anything but success is thrown as a Problem.
export async function askJson(path, options) {
	const response = await ask(path, options);
	const document = await response.json().catch(() => ({}));
	if (!response.ok)
		throw new Problem(response.status, document);
	return document;
}

function become(person) {
	me = person;
	changed.dispatchEvent(new Event("change"));
}

// Finds out who this is: by what was kept, by what the browser itself shows (a certificate), or nobody.
export async function recognise() {
	const shown = authorization;
	const answer = await askJson("api/v1/whoami").catch((error) => error);
	// Somebody may have signed in or out meanwhile.
	if (shown !== authorization)
		return;
	if (!(answer instanceof Error))
		become(answer);
	else if (answer.status === 401)
		signOut();
}

async function signIn(shown) {
	const person = await askJson("api/v1/whoami", { as: shown });
	if (person.role === "none")
		throw new Problem(401, {});
	authorization = shown;
	sessionStorage.setItem(KEY, shown);
	become(person);
}

export function signOut() {
	authorization = null;
	sessionStorage.removeItem(KEY);
	become(NOBODY);
}

function base64(text) {
	return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function proofOf(form) {
	const value = (name) => form.elements[name].value;
	if (value("way") === "token")
		return BEARER + value("token").trim();
	return `Basic ${base64(`${value("user")}:${value("password")}`)}`;
}

function showWay(form) {
	for (const field of form.querySelectorAll("[data-way]"))
		field.hidden = field.dataset.way !== form.elements.way.value;
}

export function openSignIn() {
	const dialog = byId("sign-dialog");
	if (!dialog.open)
		dialog.showModal();
	byId("sign-form").querySelector(".field:not([hidden]) input").focus();
}

// In words that lead on; the agent's own are for programs.
function whyNot(problem, way) {
	if (!(problem instanceof Problem))
		return "The agent does not answer.";
	if (problem.status !== 401)
		return problem.message;
	return way === "token"
		? "This token is unknown or expired. Make one on the host: xenballoon token make NAME --role operator"
		: "This user or password is wrong. The host's web.config.yml has both.";
}

function wire() {
	const dialog = byId("sign-dialog");
	const form = byId("sign-form");
	const error = byId("sign-error");
	byId("sign-in").addEventListener("click", openSignIn);
	byId("sign-out").addEventListener("click", signOut);
	form.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
	form.addEventListener("change", () => showWay(form));
	dialog.addEventListener("close", () => {
		form.reset();
		showWay(form);
		error.textContent = "";
	});
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		error.textContent = "";
		try {
			await signIn(proofOf(form));
			dialog.close();
		} catch (problem) {
			error.textContent = whyNot(problem, form.elements.way.value);
		}
	});
}

// As the agent has it: * ? and [...].
function matches(pattern, name) {
	const source = pattern.replace(/[.+^${}()|\\]/g, "\\$&").replace(/\*/g, "[^]*").replace(/\?/g, "[^]").replace(/\[!/g, "[^");
	try {
		return new RegExp(`^${source}$`).test(name);
	} catch {
		return false;
	}
}

const WHOLE_UUID = /^(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

// Patterns are of names; a UUID is one only as a whole.
function reaches(pattern, guest) {
	const uuid = WHOLE_UUID.exec(pattern);
	return uuid ? uuid[1].toLowerCase() === guest.uuid.toLowerCase() : matches(pattern, guest.name);
}

// Whether this person may change this guest; the agent judges anyway.
export function maySteer(guest) {
	if (me.role !== "operator")
		return false;
	return !me.domains || me.domains.some((pattern) => reaches(pattern, guest));
}

wire();
