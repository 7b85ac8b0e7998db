// Teaching a sensor what its machine looks like healthy: begin, how far it is, what stands against it, give it up.

import { el, setText, show } from "./dom.js";
import { press } from "./ask.js";
import { say } from "./words.js";

export function commissionPanel(sensor) {
  const covers = el("span", { class: "quiet" });
  const progress = el("progress", { max: 1, "aria-label": say("learning_progress") });
  const words = el("p", { role: "status" });
  const ended = el("ul", { class: "ended" });
  const out = el("p", { role: "status" });
  const windows = el("input", { id: "windows", type: "number", min: 8, max: 7200, inputmode: "numeric", size: 6 });
  const options = el(
    "details", {}, el("summary", {}, say("options")),
    el("p", {}, el("label", { for: "windows" }, say("windows_to_learn")), " ", windows),
  );
  const button = (label, command, className = "") => {
    const made = el("button", { type: "button", class: className }, say(label));
    const counted = () => (command.command === "commission" && windows.value ? { windows: Number(windows.value) } : {});
    made.addEventListener("click", () => press(made, { sensor, ...command, ...counted() }, out));
    return made;
  };
  const begin = button("commission", { command: "commission" }, "primary");
  const repaired = button("after_repair", { command: "commission", after_repair: true });
  const anyway = button("anyway", { command: "commission", anyway: true });
  const cancel = button("give_up", { command: "cancel_commission" });
  const hint = el("p", { class: "quiet" }, say("commission_hint"));
  // Open while there is something to do or to see; where all is known it does not stand in the way of the spectra.
  const panel = el(
    "details", { class: "panel commissioning" },
    el("summary", {}, el("h2", {}, say("healthy_state")), covers), progress, words, ended, hint,
    el("div", { class: "buttons" }, begin, repaired, anyway, cancel), options, out,
  );
  let wasOpen = null;
  return {
    panel,
    update(told) {
      const learning = told.learning;
      setText(covers, told.covers ?? "");
      show(progress, Boolean(learning));
      if (learning) progress.value = shareOf(learning);
      setText(words, told.words ?? "");
      show(ended, !learning && Boolean(told.ended));
      if (told.ended) {
        const lines = told.ended.map((line) => el("li", {}, line));
        if (ended.textContent !== told.ended.join("")) ended.replaceChildren(...lines);
        ended.dataset.result = told.result ?? "";
      }
      show(begin, !learning);
      show(repaired, !learning && told.is_known);
      show(anyway, !learning && told.result === "refused");
      show(cancel, Boolean(learning) || told.set_aside);
      show(hint, !learning);
      show(options, !learning);
      const isOpen = Boolean(learning) || !told.is_known || told.result === "refused" || told.set_aside;
      if (wasOpen === null || (isOpen && !wasOpen)) panel.open = isOpen; // how it ended stays to be read
      wasOpen = isOpen;
    },
  };
}

// Windows and time both have to be enough.
function shareOf(learning) {
  const time = learning.at_least_s ? learning.seconds / learning.at_least_s : 1;
  return Math.min(1, learning.windows / Math.max(1, learning.at_least), time);
}
