// SPDX-License-Identifier: MIT
// Speaks to the person: a message that can be seen, one that can be heard, and questions.

import { byId, setClass, setText } from "./dom.js";

const SHOWN_MS = 9000;
let timer;

// For a screen reader alone.
export function speak(text) {
	setText(byId("spoken"), text);
}

export function hush() {
	byId("notice").hidden = true;
}

// tone: "good", "warn" or "bad"; what is bad stays until dismissed. An action is { word, act }.
export function notify(text, tone = "good", action = null) {
	const notice = byId("notice");
	notice.dataset.tone = tone;
	byId("notice-text").textContent = text;
	setText(byId("notice-act"), action ? action.word : "");
	byId("notice-act").hidden = !action;
	byId("notice-act").onclick = action && action.act;
	notice.hidden = false;
	speak(text);
	clearTimeout(timer);
	if (tone === "good")
		timer = setTimeout(hush, SHOWN_MS);
}

// Resolves to whether the answer was yes.
// Red is for what may lose something.
export function question(title, text, yes, tone = "primary") {
	const dialog = byId("question");
	setText(byId("question-title"), title);
	setText(byId("question-text"), text);
	setText(dialog.querySelector("[data-answer=yes]"), yes);
	setClass(dialog.querySelector("[data-answer=yes]"), tone);
	dialog.returnValue = "no";
	dialog.showModal();
	return new Promise((resolve) => {
		dialog.onclick = (event) => {
			const answer = event.target.dataset.answer;
			if (answer)
				dialog.close(answer);
		};
		dialog.onclose = () => resolve(dialog.returnValue === "yes");
	});
}

byId("notice-close").addEventListener("click", hush);
