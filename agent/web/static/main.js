// Which view is shown, by the address behind `#`, and what all views share: links, language, leaving.

import { alerts } from "./alerts.js";
import { health } from "./health.js";
import { look } from "./stream.js";
import { overview } from "./overview.js";
import { say, loadWords } from "./words.js";
import { sensorView } from "./sensor.js";
import { setup } from "./setup.js";
import { setText, show, tell } from "./dom.js";

const main = document.getElementById("main");
let view = null;
let openBefore = null;

function wanted() {
  const [name, first, second] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (name === "sensor" && first) return ["#/", () => sensorView(main, first, second)];
  if (name === "alerts") return ["#/alerts", () => alerts(main, first)];
  if (name === "setup" || (!name && document.body.dataset.setup === "alone")) return ["#/setup", () => setup(main)];
  if (name === "health") return ["#/health", () => health(main)];
  return ["#/", () => overview(main)];
}

function go(isFirst) {
  const [tab, make] = wanted();
  view?.remove?.();
  main.replaceChildren();
  view = make();
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!isFirst) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  look(view.query, {
    overview(told) {
      count(told);
      view.overview?.(told);
    },
    look: (told) => view.look?.(told),
    health: (told) => view.health?.(told),
    unseen: (told) => view.unseen?.(told),
  });
}

function count(told) {
  setText(document.getElementById("agent"), told.agent.agent);
  const open = told.alerts.length;
  const shown = document.getElementById("open-alerts");
  setText(shown, String(open));
  show(shown, open > 0);
  if (openBefore !== null && open > openBefore) tell(say("new_alert", { title: told.alerts.at(-1).text.title }));
  openBefore = open;
  document.title = `${open ? `(${open}) ` : ""}${say("title")}`;
}

document.getElementById("language").addEventListener("click", async (event) => {
  await fetch("/language", { method: "POST", body: event.currentTarget.dataset.language });
  location.reload();
});
document.getElementById("leave").addEventListener("click", async () => {
  await fetch("/logout", { method: "POST" });
  location.assign("/login");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view?.redraw?.());
await loadWords();
addEventListener("hashchange", () => go(false));
go(true);
