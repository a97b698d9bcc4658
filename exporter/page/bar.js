// SPDX-License-Identifier: MIT
// One guest's sizes on one scale, from nothing to its static max. Styles are set property by
// property, as the page's policy allows no style in text.

import { copyOf, setAttribute } from "./dom.js";
import { size } from "./format.js";
import { holds, wants } from "./model.js";

const parts = ["locked", "fill", "floor", "cap", "target", "step", "want"];

export function makeBar() {
	const node = copyOf("bar-template").firstElementChild;
	const bar = { node, shown: {} };
	for (const part of parts)
		bar[part] = node.querySelector(`.${part}`);
	return bar;
}

function set(bar, part, property, percent) {
	const key = part + property;
	const value = percent === null ? null : `${Math.round(percent * 10) / 10}%`;
	if (bar.shown[key] === value)
		return;
	bar.shown[key] = value;
	bar[part].hidden = value === null;
	if (value !== null)
		bar[part].style[property] = value;
}

// In words, for who can't see it.
function describe(guest) {
	const words = [`has ${size(holds(guest))} of ${size(guest.static_max_kib)}`];
	const add = (word, kib) => kib !== null && kib !== undefined && words.push(`${word} ${size(kib)}`);
	add("wants", wants(guest));
	add("next step", guest.selfballoon ? guest.selftarget_kib : null);
	add("target", guest.target_kib);
	add("minimum", guest.minimum_kib);
	add("limit", guest.cap_kib);
	return words.join(", ");
}

export function showBar(bar, guest) {
	const scale = guest.static_max_kib || Math.max(holds(guest) || 0, guest.target_kib || 0, 1);
	const at = (kib) => kib === null || kib === undefined ? null : Math.min(100, kib / scale * 100);
	const cap = at(guest.cap_kib);
	set(bar, "fill", "width", at(holds(guest)));
	set(bar, "floor", "width", at(guest.minimum_kib));
	set(bar, "locked", "left", cap !== null && cap < 99.5 ? cap : null);
	set(bar, "cap", "left", cap !== null && cap < 99.5 ? cap : null);
	set(bar, "target", "left", at(guest.target_kib));
	set(bar, "step", "left", guest.selfballoon ? at(guest.selftarget_kib) : null);
	set(bar, "want", "left", at(wants(guest)));
	setAttribute(bar.node, "aria-label", describe(guest));
}
