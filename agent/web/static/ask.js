// What changes something: one command to the agent, and what became of it said where it was asked for.

import { say } from "./words.js";
import { setText, tell } from "./dom.js";

export async function ask(command) {
  const answer = await fetch("/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(command),
  }).catch(() => null);
  if (!answer) return { error: say("page_away") };
  if (answer.status === 401) location.assign("/login");
  return answer.json().catch(() => ({ error: String(answer.status) }));
}

// Ask, with the button out of use meanwhile; `out` says what became of it, and what `more` has to say of the answer.
export async function press(button, command, out, more = () => "") {
  button.disabled = true;
  const answer = await ask(command);
  button.disabled = false;
  const said = answer.error ?? [say("done"), more(answer), ...(answer.remarks ?? [])].filter(Boolean).join(" ");
  out.classList.toggle("wrong", Boolean(answer.error));
  setText(out, said);
  tell(said);
  return !answer.error;
}
