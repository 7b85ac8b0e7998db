// Adding sensors: listen, then one question at a time as the agent asks them, what would be written, and writing it.

import { el, setText, show, tell } from "./dom.js";
import { say } from "./words.js";

export function setup(main) {
  const out = el("p", { role: "status" });
  const body = el("div");
  let answers = [];
  main.append(el("h1", {}, say("setup")), el("p", { class: "quiet" }, say("setup_hint")), out, body);
  place();
  return { query: "", remove() { answers = null; } };

  async function post(path, command, busy) {
    wrong("");
    setText(out, busy);
    const buttons = [...body.querySelectorAll("button")];
    buttons.forEach((one) => { one.disabled = true; });
    const answer = await fetch(`/setup/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(command),
    }).catch(() => null);
    buttons.forEach((one) => { one.disabled = false; });
    if (!answers) return null;
    if (answer?.status === 401) location.assign("/login");
    const told = answer ? await answer.json().catch(() => ({ error: String(answer.status) })) : { error: say("page_away") };
    wrong(told.error ?? "");
    return told.error ? null : told;
  }

  function wrong(text) {
    out.classList.toggle("wrong", Boolean(text));
    setText(out, text);
    if (text) tell(text);
  }

  function show_form(submit, ...children) {
    const form = el("form", { class: "panel setup" }, ...children);
    form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
    body.replaceChildren(form);
    form.querySelector("input, select")?.focus();
    return form;
  }

  // Where to listen beside the serial ports.
  function place() {
    answers = [];
    const labels = { broker: say("setup_broker"), username: say("setup_username"), password: say("setup_password") };
    const fields = Object.fromEntries(Object.keys(labels).map((name) => [
      name, el("input", { id: `setup-${name}`, type: name === "password" ? "password" : "text", autocomplete: "off", maxlength: 200 }),
    ]));
    const rows = Object.entries(fields).map(([name, field]) =>
      el("p", {}, el("label", { for: field.id }, labels[name]), field));
    const told = () => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
    show_form(async () => {
      const found = await post("search", told(), say("setup_listening"));
      if (found) heard(found);
    }, ...rows, el("div", { class: "buttons" }, el("button", { type: "submit", class: "primary" }, say("setup_listen"))));
  }

  function heard(found) {
    const lines = found.found.map((one) => el("li", { "data-carries": one.carries }, el("b", {}, one.what), ` ${one.is}`));
    const usable = found.found.some((one) => one.carries === "samples" || one.carries === "figures");
    const form = show_form(next,
      el("h2", {}, say("setup_heard")), lines.length ? el("ul", { class: "heard" }, lines) : el("p", {}, say("setup_silence")),
      el("div", { class: "buttons" },
        el("button", { type: "submit", class: "primary" }, say("setup_go_on")),
        el("button", { type: "button", onclick: place }, say("setup_listen_again"))));
    show(form.querySelector(".primary"), usable);
    wrong(found.trouble ?? "");
  }

  async function next() {
    const told = await post("ask", { answers }, say("loading"));
    if (!told) return;
    const [, before] = told.problem ? answers.pop() : [];
    if (told.draft) draft(told.draft);
    else question(told, before);
  }

  function question({ question: one, problem, remarks }, before) {
    const field = input(before && one.kind !== "secret" ? { ...one, default: before } : one);
    const form = show_form(() => {
      answers.push([one.name, field.value ?? ""]);
      next();
    },
      el("h2", { id: "setup-question" }, one.text), el("p", { class: "quiet" }, one.why), field.shown,
      el("div", { class: "buttons" },
        el("button", { type: "submit", class: "primary" }, say("setup_go_on")),
        el("button", { type: "button", onclick: back }, say("setup_back"))));
    form.dataset.key = one.name;
    wrong(problem ?? "");
    if (!problem && remarks.length) setText(out, remarks.join(" "));
    tell(problem ?? one.text);
  }

  function input(one) {
    if (one.kind === "choice") {
      const rows = one.choices.map(([value, words], n) => {
        const box = el("input", { type: "radio", name: "choice", id: `setup-${n}`, value, checked: value === one.default, required: true });
        return el("label", { class: "choice", for: box.id }, box, el("span", {}, words));
      });
      const shown = el("div", { role: "radiogroup", "aria-labelledby": "setup-question" }, rows);
      return { shown, get value() { return shown.querySelector("input:checked")?.value; } };
    }
    const box = el("input", {
      type: one.kind === "secret" ? "password" : "text", inputmode: one.kind === "number" ? "decimal" : null, "aria-labelledby": "setup-question", autocomplete: "off", maxlength: 200,
      list: one.choices.length ? "setup-known" : null, required: one.default === null, value: one.default || null,
    });
    const known = el("datalist", { id: "setup-known" }, one.choices.map(([value]) => el("option", { value })));
    return { shown: el("p", {}, box, known), get value() { return box.value; } };
  }

  function back() {
    if (!answers.length) return place();
    answers.pop();
    return next();
  }

  function draft(told) {
    setText(out, "");
    const form = show_form(write,
      el("h2", {}, told.heading), el("pre", { class: "draft", tabindex: 0 }, told.text),
      el("ul", { class: "ended", "data-result": told.good ? "learnt" : "refused" }, told.verdict.map((line) => el("li", {}, line))),
      el("div", { class: "buttons" },
        el("button", { type: "submit", class: "primary" }, say("setup_write")),
        el("button", { type: "button", onclick: back }, say("setup_back"))));
    show(form.querySelector(".primary"), told.good);
  }

  async function write() {
    const told = await post("write", { answers }, say("setup_writing"));
    if (!told) return;
    setText(out, "");
    body.replaceChildren(el("div", { class: "panel setup written" },
      told.told.map((line) => el("p", {}, line)),
      (told.sensors ?? []).map((name) => el("p", {}, el("a", { href: `#/sensor/${encodeURIComponent(name)}` }, say("setup_commission", { sensor: name })))),
      told.by_hand ? el("pre", { class: "draft", tabindex: 0 }, told.by_hand) : "",
      el("div", { class: "buttons" }, el("button", { type: "button", onclick: place }, say("setup_another")))));
    tell(told.told.join(" "));
  }
}
