// SPDX-License-Identifier: MIT
// The order for a guest's policy, in an operator's hands: judged by the agent, without changing
// anything, before it can be sent.

import { checkPolicy, orderPolicy, reason } from "./control.js";
import { make, setText } from "./dom.js";
import { sentence } from "./format.js";

const SETTLE_MS = 300; // words under way are not asked about

export class Ordering {
	constructor(panel) {
		const form = panel.querySelector(".steer-policy");
		this.guest = null;
		this.edited = false;
		this.serial = 0;
		Object.assign(this, {
			text: form.querySelector("[type=text]"), submit: form.querySelector(".order"),
			reset: form.querySelector(".reset"), verdict: panel.querySelector("#policy-verdict"),
		});
		this.text.addEventListener("input", () => this.edit());
		this.reset.addEventListener("click", () => this.send(""));
		this.submit.addEventListener("click", () => this.send(this.text.value));
		form.addEventListener("submit", (event) => {
			event.preventDefault();
			this.submit.click();
		});
	}

	end() {
		clearTimeout(this.timer);
		this.serial++;
	}

	show(guest) {
		this.guest = guest;
		this.reset.hidden = !guest.policy_ordered;
		if (!this.edited && this.text.value !== (guest.policy_ordered ?? ""))
			this.text.value = guest.policy_ordered ?? "";
	}

	edit() {
		this.edited = true;
		this.submit.disabled = true;
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.check(), SETTLE_MS);
	}

	say(tone, title, text = "") {
		this.verdict.dataset.tone = tone;
		this.verdict.replaceChildren(make("b", "", title), document.createTextNode(text ? ` ${text}` : ""));
	}

	async check() {
		const serial = ++this.serial;
		const policy = this.text.value;
		if (!policy.trim()) {
			this.verdict.replaceChildren();
			return;
		}
		try {
			const { problem, after, warning } = await checkPolicy(this.guest, policy);
			if (serial !== this.serial)
				return;
			this.submit.disabled = Boolean(problem);
			if (problem)
				this.say("bad", "Would be refused:", sentence(problem.message));
			else
				this.say("good", `${after} would be ordered.`, sentence(warning || ""));
		} catch (error) {
			if (serial === this.serial)
				this.say("bad", "Not checked.", reason(error));
		}
	}

	async send(policy) {
		this.submit.disabled = true;
		if (!await orderPolicy(this.guest, policy))
			return;
		this.edited = false;
		setText(this.verdict, "");
		this.text.value = policy;
	}
}
