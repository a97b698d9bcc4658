// SPDX-License-Identifier: MIT
// The host's memory: who has it, what is free, and how much more was promised.

import { byId, setAttribute, setText, setTitle } from "./dom.js";
import { size } from "./format.js";
import * as model from "./model.js";

const bar = byId("hostbar");
const real = bar.querySelector(".real");

function width(node, share) {
	node.style.width = `${Math.max(0, Math.round(share * 1000) / 10)}%`;
}

function allocated() {
	let sum = 0;
	for (const guest of model.guests.values())
		sum += guest.allocated_kib || 0;
	return sum;
}

function describe(host, guests, promised) {
	if (!model.guests.size)
		return `No guest runs. ${size(host.free_kib)} of ${size(host.total_kib)} are free.`;
	const ratio = promised / host.total_kib;
	const many = `${model.guests.size} ${model.guests.size === 1 ? "guest" : "guests"}`;
	if (ratio <= 1.005)
		return `${many} and dom0 may ask for ${size(promised)}, the host has ${size(host.total_kib)}.`;
	return `${many}, overcommitted ${ratio.toFixed(1)} : 1: they and dom0 may ask for ${size(promised)}, the host has ${size(host.total_kib)}.`;
}

export function showHost() {
	const host = model.host;
	if (!host || !host.total_kib)
		return;
	const guests = allocated();
	const promised = (host.dom0_kib || 0) + (host.static_max_kib || 0);
	const scale = Math.max(host.total_kib || 1, promised, 1);
	width(real, host.total_kib / scale);
	width(real.querySelector(".dom0"), host.dom0_kib / host.total_kib);
	width(real.querySelector(".guests"), guests / host.total_kib);
	width(real.querySelector(".free"), host.free_kib / host.total_kib);
	width(bar.querySelector(".beyond"), (promised - host.total_kib) / scale);
	const sentence = describe(host, guests, promised);
	setText(byId("host-sentence"), sentence);
	setAttribute(bar, "aria-label", `${sentence} dom0 has ${size(host.dom0_kib)}, guests have ${size(guests)}, ${size(host.free_kib)} free.`);
	setText(byId("t-dom0"), size(host.dom0_kib));
	setText(byId("t-guests"), size(guests));
	setText(byId("t-free"), size(host.free_kib));
	setText(byId("t-promised"), size(host.static_max_kib));
	setText(byId("t-unmet"), size(host.unmet_kib));
	setText(byId("t-gain"), size(host.reclaimable_kib));
	setAttribute(byId("t-free").parentNode, "data-tone", host.free_kib < host.reserve_kib ? "bad" : host.free_kib < host.low_kib ? "warn" : "");
	setAttribute(byId("t-unmet").parentNode, "data-tone", host.unmet_kib > 0 ? "warn" : "");
	setText(byId("place"), host.name);
	setAttribute(byId("place"), "title", host.name);
	setTitle({ host: host.name });
	setText(byId("host-end"), promised > host.total_kib ? `the host ends here: ${size(host.total_kib)}` : "");
	setText(byId("picture"), host.xen_version ? `Xen ${host.xen_version}` : "");
}
