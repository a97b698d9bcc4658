// SPDX-License-Identifier: MIT
// Draws what was: a sparkline in a row, and the chart in a guest's own view. Plain SVG.

import { make, makeSvg, setText } from "./dom.js";
import { size } from "./format.js";

const SAMPLES = 90;
const MIB = 1024;

// Unknown samples end a line; the next known one begins another.
function lines(samples, x, y) {
	let path = "";
	let pen = "M";
	samples.forEach((value, i) => {
		if (value === null) {
			pen = "M";
			return;
		}
		path += `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
		pen = "L";
	});
	return path;
}

// The same, down to the ground, as one area for each line.
function areas(samples, x, y, ground) {
	let path = "";
	let first = -1;
	for (let i = 0; i <= samples.length; i++) {
		const known = i < samples.length && samples[i] !== null;
		if (known && first < 0)
			path += `M${x(first = i).toFixed(1)} ${ground}`;
		if (known)
			path += `L${x(i).toFixed(1)} ${y(samples[i]).toFixed(1)}`;
		if (!known && first >= 0) {
			path += `L${x(i - 1).toFixed(1)} ${ground}Z`;
			first = -1;
		}
	}
	return path;
}

// Its own range, but no less than an eighth of what the guest may have: noise should look like noise.
export function drawSpark(svg, samples, staticMax) {
	const known = samples.filter((value) => value !== null);
	const [area, line] = svg.children;
	if (known.length < 2) {
		line.setAttribute("d", "");
		area.setAttribute("d", "");
		return;
	}
	const least = Math.min(...known);
	const most = Math.max(...known);
	const range = Math.max(most - least, (staticMax || most) / 8, 1);
	const low = (most + least - range) / 2;
	const start = SAMPLES - samples.length;
	const x = (i) => start + i + 0.5;
	const y = (value) => 22 - (value - low) / range * 20;
	line.setAttribute("d", lines(samples, x, y));
	area.setAttribute("d", areas(samples, x, y, 24));
}

function niceStep(range) {
	const power = 2 ** Math.floor(Math.log2(range / 4));
	return [1, 2, 4].map((factor) => power * factor).find((step) => range / step <= 5);
}

const series = [
	["minimum_kib", "minimum"], ["target_kib", "target"], ["wanted", "want"], ["actual_kib", "actual"],
];

// What it wanted: what it says of itself, also while it may not.
function withWanted(history) {
	const wanted = history.wanted_kib.map((value, i) => value ?? history.selftarget_kib[i]);
	const actual = history.actual_kib.map((value, i) => value ?? history.allocated_kib[i]);
	return { ...history, wanted, actual_kib: actual };
}

export class Chart {
	constructor(place, readout) {
		this.place = place;
		this.readout = readout;
		this.svg = makeSvg("svg", { role: "img" });
		place.append(this.svg);
		this.observer = new ResizeObserver(() => this.draw());
		this.observer.observe(place);
		this.svg.addEventListener("pointermove", (event) => this.point(event.offsetX));
		this.svg.addEventListener("pointerleave", () => this.point(null));
	}

	end() {
		this.observer.disconnect();
	}

	show(history, name) {
		this.history = withWanted(history);
		this.name = name;
		this.draw();
	}

	draw() {
		const width = this.place.clientWidth;
		if (!this.history || width < 60)
			return;
		const height = width < 500 ? 180 : 240;
		const left = 64, right = 10, top = 10, bottom = 26;
		const count = this.history.actual_kib.length;
		const values = series.flatMap(([key]) => this.history[key].filter((value) => value !== null));
		const most = Math.max(MIB, ...values) * 1.06;
		const step = niceStep(most);
		this.x = (i) => left + (SAMPLES - count + i + 0.5) / SAMPLES * (width - left - right);
		this.y = (value) => height - bottom - value / most * (height - top - bottom);
		this.height = height;
		this.bottom = bottom;
		const parts = [];
		for (let value = 0; value <= most; value += step)
			parts.push(...this.rule(value, left, width - right));
		for (let minutes = 15; minutes >= 0; minutes -= 5)
			parts.push(this.minute(minutes, left, width - right, height - 6));
		parts.push(makeSvg("path", { class: "area", d: areas(this.history.actual_kib, this.x, this.y, height - bottom) }));
		for (const [key, name] of series)
			parts.push(makeSvg("path", { class: `series ${name}`, d: lines(this.history[key], this.x, this.y) }));
		this.cursor = makeSvg("line", { class: "cursor", y1: top, y2: height - bottom, visibility: "hidden" });
		parts.push(this.cursor);
		this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
		this.svg.setAttribute("width", width);
		this.svg.setAttribute("height", height);
		this.svg.setAttribute("aria-label", this.describe());
		this.svg.replaceChildren(...parts);
	}

	rule(value, from, to) {
		const y = this.y(value);
		const label = makeSvg("text", { x: from - 8, y: y + 4, class: "tick", "text-anchor": "end" });
		label.textContent = value ? size(value) : "0";
		return [makeSvg("line", { class: "rule", x1: from, x2: to, y1: y, y2: y }), label];
	}

	minute(minutes, from, to, y) {
		const x = to - minutes / 15 * (to - from);
		const anchor = minutes === 0 ? "end" : minutes === 15 ? "start" : "middle";
		const label = makeSvg("text", { x, y, class: "tick", "text-anchor": anchor });
		label.textContent = minutes ? `${minutes} min${to - from > 400 ? " ago" : ""}` : "now";
		return label;
	}

	describe() {
		const known = this.history.actual_kib.filter((value) => value !== null);
		if (!known.length)
			return `${this.name}: nothing is known of the last 15 minutes yet`;
		return `${this.name} had between ${size(Math.min(...known))} and ${size(Math.max(...known))} in the last 15 minutes, now ${size(known.at(-1))}`;
	}

	words(i) {
		const ago = (this.history.actual_kib.length - 1 - i) * this.history.interval_s;
		const names = { actual_kib: "has", target_kib: "target", wanted: "wants", minimum_kib: "minimum" };
		const values = [...series].reverse().map(([key]) => `${names[key]} ${size(this.history[key][i])}`);
		return `${ago ? `${Math.floor(ago / 60)}:${String(ago % 60).padStart(2, "0")} min ago` : "now"}: ${values.join(", ")}`;
	}

	point(offset) {
		if (!this.cursor)
			return;
		const count = this.history.actual_kib.length;
		let nearest = -1;
		if (offset !== null)
			for (let i = 0; i < count; i++)
				if (nearest < 0 || Math.abs(this.x(i) - offset) < Math.abs(this.x(nearest) - offset))
					nearest = i;
		this.cursor.setAttribute("visibility", nearest < 0 ? "hidden" : "visible");
		setText(this.readout, nearest < 0 ? "\u00a0" : this.words(nearest));
		if (nearest < 0)
			return;
		this.cursor.setAttribute("x1", this.x(nearest));
		this.cursor.setAttribute("x2", this.x(nearest));
	}
}

// One row a minute, newest first.
export function tableOf(history) {
	const { actual_kib: actual, target_kib: target, wanted, minimum_kib: minimum, interval_s: interval } = withWanted(history);
	const table = make("table");
	const head = table.createTHead().insertRow();
	for (const word of ["Minutes ago", "Has", "Target", "Wants", "Minimum"]) {
		const cell = make("th", "", word);
		cell.scope = "col";
		head.append(cell);
	}
	const body = table.createTBody();
	const step = Math.round(60 / interval);
	for (let i = actual.length - 1; i >= 0; i -= step) {
		const row = body.insertRow();
		row.insertCell().textContent = String(Math.round((actual.length - 1 - i) * interval / 60));
		for (const values of [actual, target, wanted, minimum])
			row.insertCell().textContent = size(values[i]);
	}
	return table;
}
