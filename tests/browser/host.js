// SPDX-License-Identifier: MIT
// The host that `run` has started: what tests/system/lib.bash can do with it, and the agent's answers.

import { execFileSync } from "node:child_process";

export const url = process.env.URL;
export const tokens = { operator: process.env.OPERATOR_TOKEN, viewer: process.env.VIEWER_TOKEN, bound: process.env.BOUND_TOKEN };

// A function of lib.bash with its arguments; what it prints.
export function bash(...words) {
	return execFileSync("bash", ["-c", '. "$ROOT/tests/system/lib.bash"; trap - EXIT; "$@"', "host", ...words],
		{ encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

export async function get(path, role) {
	const headers = role ? { Authorization: `Bearer ${tokens[role]}` } : {};
	const response = await fetch(url + path, { headers });
	return response.json();
}

export async function post(path, role, body) {
	const headers = { Authorization: `Bearer ${tokens[role]}`, "Content-Type": "application/json" };
	return (await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) })).status;
}

export function guest(name) {
	return get(`/api/v1/domains/${encodeURIComponent(name)}`);
}
