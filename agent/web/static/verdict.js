// What an alert really was, as somebody has found: one of the bundle's faults, nothing at all, or a name of one's own.

import { el, setText, show } from "./dom.js";
import { say } from "./words.js";

const HEALTHY = "healthy";
const OTHER = "_"; // no fault is called so
const OWN = "\\p{L}[\\p{L}\\p{M}\\p{Nd}_]*"; // the agent looks more closely

// `row.fill(titles)` says which faults there are; `row.word()` is what goes with a command: `{}` where nothing is chosen,
// null where what is written is no name.
export function verdict() {
  const choice = el("select", { class: "was", "aria-label": say("was") });
  const own = el("input", { class: "was-own", "aria-label": say("was_own"), placeholder: say("was_own"), maxlength: 40, pattern: OWN, autocapitalize: "none", spellcheck: "false", required: true, hidden: true });
  choice.addEventListener("change", () => {
    show(own, choice.value === OTHER);
    if (!own.hidden) own.focus();
  });
  own.addEventListener("input", () => own.setCustomValidity(""));
  const row = el("span", { class: "together verdict" }, choice, own);
  return Object.assign(row, {
    fill(titles) {
      const told = JSON.stringify(titles);
      if (row.told === told) return;
      row.told = told;
      const chosen = choice.value;
      const faults = Object.entries(titles).filter(([id]) => id !== HEALTHY);
      const rows = [["", say("was")], [HEALTHY, say("was_nothing")], ...faults, [OTHER, say("was_other")]];
      choice.replaceChildren(...rows.map(([id, title]) => el("option", { value: id, selected: id === chosen }, title)));
    },
    word() {
      if (choice.value !== OTHER) return choice.value ? { was: choice.value } : {};
      own.value = own.value.trim();
      if (own.checkValidity()) return { was: own.value };
      own.setCustomValidity(say("was_own"));
      own.reportValidity();
      return null;
    },
    isChosen: () => choice.value !== "",
  });
}

function titleOf(was, titles) {
  return was === HEALTHY ? say("was_nothing") : (titles[was] ?? was);
}

// Which other word one has replaced, if it has.
export function replaced({ before }, { was }, titles) {
  return before && was ? say("was_before", { before: titleOf(before, titles), title: titleOf(was, titles) }) : "";
}

// Beside the alert, what somebody has said.
export function showWord(element, was, titles) {
  const title = titleOf(was, titles);
  setText(element, was ? say("was_said", { title }) : "");
  show(element, Boolean(was));
}
