// SPDX-License-Identifier: MIT
// The operator's controls in a guest's view. A target is judged by the agent, without changing
// anything, before it can be sent; what would be refused says why, and what would pass.

import { checkTarget, forceTarget, formerTarget, reason, restoreTarget, setTarget, switchGuest } from "./control.js";
import { make, setAttribute, setText } from "./dom.js";
import { mib, sentence, size } from "./format.js";

const MIB = 1024;
const SETTLE_MS = 300; // a slider under way is not asked about

export class Steering {
	constructor(panel) {
		const find = (selector) => panel.querySelector(selector);
		this.guest = null;
		this.edited = false;
		this.serial = 0;
		this.checked = null; // what the agent said of the value that is shown
		Object.assign(this, {
			toggle: find(".switch"), restore: find(".restore"), selfText: find(".self-text"), form: find("form"), slider: find("[type=range]"),
			number: find("[type=number]"), least: find(".least"), greatest: find(".greatest"),
			submit: find("[type=submit]"), verdict: find(".verdict"), actions: find(".verdict-actions"),
		});
		this.toggle.addEventListener("click", () => this.flip());
		this.restore.addEventListener("click", () => restoreTarget(this.guest));
		this.slider.addEventListener("input", () => this.edit(this.slider.value));
		this.number.addEventListener("input", () => this.edit(this.number.value));
		this.form.addEventListener("submit", (event) => {
			event.preventDefault();
			this.send();
		});
	}

	end() {
		clearTimeout(this.timer);
		this.serial++;
	}

	show(guest) {
		const before = this.guest;
		this.guest = guest;
		setAttribute(this.toggle, "aria-checked", String(Boolean(guest.selfballoon)));
		setText(this.selfText, guest.selfballoon ? "The guest sets its own size, up to its maximum." : "The guest follows dom0’s target.");
		const former = formerTarget(guest);
		this.restore.hidden = former === null;
		setText(this.restore, `${guest.selfballoon ? "Turn off, back" : "Back"} to ${size(former)}`);
		const least = Math.min(mib(guest.minimum_kib ?? 4 * MIB), mib(guest.static_max_kib ?? 0));
		this.bound(least, mib(guest.static_max_kib ?? 0));
		if (!this.edited)
			this.put(mib(guest.target_kib ?? guest.static_max_kib ?? 0));
		if (before && this.edited && before.selfballoon !== guest.selfballoon)
			this.edit(this.number.value);
	}

	bound(least, greatest) {
		for (const input of [this.slider, this.number]) {
			setAttribute(input, "min", String(input === this.slider ? least : 4));
			setAttribute(input, "max", String(greatest));
		}
		setText(this.least, `minimum ${size(least * MIB)}`);
		setText(this.greatest, `maximum ${size(greatest * MIB)}`);
	}

	put(value) {
		if (this.slider.value !== String(value))
			this.slider.value = value;
		if (this.number.value !== String(value))
			this.number.value = value;
		setAttribute(this.slider, "aria-valuetext", `${this.slider.value} MiB`);
	}

	edit(value) {
		this.edited = true;
		this.checked = null;
		this.submit.disabled = true;
		this.actions.replaceChildren();
		this.put(value);
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.check(), SETTLE_MS);
	}

	say(tone, title, text = "") {
		this.verdict.dataset.tone = tone;
		this.verdict.replaceChildren(make("b", "", title), document.createTextNode(text ? ` ${text}` : ""));
	}

	kib() {
		return Math.round(Number(this.number.value) * MIB);
	}

	async check() {
		const serial = ++this.serial;
		const kib = this.kib();
		if (!Number.isInteger(kib) || kib <= 0) {
			this.say("bad", "Not a size.", "Give a number of MiB.");
			return;
		}
		try {
			const result = await checkTarget(this.guest, kib);
			if (serial === this.serial)
				this.judge(kib, result);
		} catch (error) {
			if (serial === this.serial)
				this.say("bad", "Not checked.", reason(error));
		}
	}

	judge(kib, result) {
		this.checked = result;
		this.submit.disabled = Boolean(result.problem);
		this.actions.replaceChildren();
		if (!result.problem) {
			this.say("good", `${size(this.guest.target_kib)} → ${size(kib)} would be done.`, sentence(result.warning || ""));
			return;
		}
		const { document } = result.problem;
		this.say("bad", `Would be refused: ${document.title || "no"}.`, sentence(result.problem.message));
		if (document.would_pass)
			this.offer(`Use ${passing(document.would_pass)} MiB`, "quiet", () => this.edit(passing(document.would_pass)));
		if (document.forceable)
			this.offer("Force it…", "danger", () => this.force(kib, result.problem));
		if (document.result === "selfballooning")
			this.offer("Turn selfballooning off", "quiet", () => this.flip());
	}

	offer(text, className, act) {
		const button = make("button", className, text);
		button.type = "button";
		button.addEventListener("click", act);
		this.actions.append(button);
	}

	async flip() {
		this.toggle.setAttribute("aria-busy", "true");
		await switchGuest(this.guest, !this.guest.selfballoon);
		this.toggle.removeAttribute("aria-busy");
	}

	done() {
		this.edited = false;
		this.checked = null;
		this.submit.disabled = true;
		this.verdict.replaceChildren();
		this.actions.replaceChildren();
	}

	async send() {
		if (!this.checked || this.checked.problem)
			return;
		this.submit.disabled = true;
		if (await setTarget(this.guest, this.kib(), this.checked))
			this.done();
		else
			this.check();
	}

	async force(kib, problem) {
		if (await forceTarget(this.guest, kib, problem))
			this.done();
	}
}

// What passes, in MiB: the agent says it as a command takes it, "104.5M" or "106968K".
function passing(words) {
	const [, number, unit] = /^([\d.]+)([KM])$/.exec(words) ?? [];
	return unit === "K" ? Number(number) / MIB : Number(number);
}
