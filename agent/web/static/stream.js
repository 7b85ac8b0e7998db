// The stream of events from the page's process: one for what is looked at, none while nobody does.

import { say } from "./words.js";
import { setText } from "./dom.js";

const CALM_MS = 8000; // without an event for so long, what is shown is old
let source = null;
let query = "";
let handlers = {};
let lastMs = 0;
let wasCut = false;

export function look(wanted, heard) {
  query = wanted;
  handlers = heard;
  open();
}

function open() {
  close();
  if (document.hidden) return;
  source = new EventSource(`/events?${query}`);
  for (const name of ["overview", "health", "look", "unseen", "away"]) {
    source.addEventListener(name, (event) => {
      lastMs = Date.now();
      const data = JSON.parse(event.data);
      if (name === "away") return link("away", data.why === "away" ? say("agent_away") : data.text);
      link("live", say("live"));
      handlers[name]?.(data);
    });
  }
  source.onerror = async () => {
    link("away", say("page_away"));
    // A browser comes back by itself unless it was answered with a refusal.
    if (source && source.readyState === EventSource.CLOSED && !wasCut) {
      wasCut = true;
      const answer = await fetch("/", { redirect: "manual" }).catch(() => null);
      if (answer && answer.type === "opaqueredirect") location.assign("/login");
      setTimeout(() => { wasCut = false; open(); }, 5000);
    }
  };
}

function close() {
  source?.close();
  source = null;
}

function link(state, text) {
  const shown = document.getElementById("link");
  if (shown.dataset.state !== state) shown.dataset.state = state;
  setText(shown, text);
  document.body.dataset.link = state;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
addEventListener("pagehide", close);
addEventListener("pageshow", (event) => event.persisted && open());
setInterval(() => {
  if (source && Date.now() - lastMs > CALM_MS && document.body.dataset.link === "live") link("late", say("late"));
}, 2000);
