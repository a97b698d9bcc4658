// SPDX-License-Identifier: MIT
// The few ways in which this page touches its document. Foreign text only ever becomes text.

export function byId(id) {
	return document.getElementById(id);
}

// What this tab is about: the part of the page, and the host by its own name.
const titled = { part: "", host: "" };

export function setTitle(change) {
	Object.assign(titled, change);
	const title = [titled.part, titled.host, "xenballoon"].filter(Boolean).join(" · ");
	if (document.title !== title)
		document.title = title;
}

// A copy of a template's content.
export function copyOf(id) {
	return byId(id).content.cloneNode(true);
}

export function make(tag, className, text) {
	const node = document.createElement(tag);
	if (className)
		node.className = className;
	if (text !== undefined)
		node.textContent = text;
	return node;
}

export function makeSvg(tag, attributes = {}) {
	const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [name, value] of Object.entries(attributes))
		node.setAttribute(name, value);
	return node;
}

// Writes only what differs, so that what has not changed costs neither layout nor speech.
export function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

export function setAttribute(node, name, value) {
	if (node.getAttribute(name) !== value)
		node.setAttribute(name, value);
}

export function setClass(node, className) {
	if (node.className !== className)
		node.className = className;
}
