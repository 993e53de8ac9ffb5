"use strict";
// Keeps a page up to date: each event of its stream fetches it again and puts the new content in the old one's place.
// What a step has written is only ever text.

let asked = 0, waits = false;

async function renew() {
  if (waits || document.querySelector("#live :is(input, select):focus")) return;
  waits = true;
  await new Promise((done) => setTimeout(done, Math.max(0, asked + 500 - Date.now())));
  waits = false;
  asked = Date.now();
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#live");
  const stale = document.querySelector("#live");
  const log = document.querySelector("#log");
  if (!fresh || !stale) return;
  if (log && !log.hidden) fresh.querySelector("#log")?.replaceWith(log);
  const opened = [...stale.querySelectorAll("details")].map((each) => each.open);
  stale.replaceChildren(...fresh.childNodes);
  [...stale.querySelectorAll("details")].forEach((each, index) => { each.open ||= opened[index] ?? false; });
}

function watch() {
  const path = document.querySelector("#live")?.dataset.watch;
  if (!path) return;
  let first = !path.includes("resourceVersion");
  const events = new EventSource(path);
  events.onmessage = () => { if (first) first = false; else renew(); };
  addEventListener("pagehide", () => events.close());
}

let logs = null;

function show(button) {
  logs?.close();
  const panel = document.querySelector("#log");
  panel.textContent = "";
  panel.hidden = false;
  const stream = logs = new EventSource(button.dataset.log);
  stream.onmessage = (event) => {
    const line = JSON.parse(event.data).result;
    if (!line) return;
    const below = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 40;
    const [, day, time, rest] = /^(\S{10})T(\S{12})\S* ([^]*)$/.exec(line.content) ?? [null, "", "", line.content];
    const pod = button.dataset.of && line.podName.replace(button.dataset.of, "");
    const start = document.createElement("span");
    start.textContent = pod ? `${time} ${pod} ` : `${time} `;
    start.title = day;
    panel.append(start, `${rest}\n`);
    while (panel.childNodes.length > 10000) panel.firstChild.remove();
    if (below) panel.scrollTop = panel.scrollHeight;
  };
  stream.onerror = () => stream.close();  // it ends with the run
  panel.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-log]");
  if (button) show(button);
});
document.addEventListener("submit", (event) => {
  const words = event.target.dataset.sure;
  if (words && !confirm(words)) event.preventDefault();
});

async function drop(field, files) {
  const said = document.querySelector("#dropped");
  for (const file of files) {
    said.textContent = `sending ${file.name} …`;
    const address = field.dataset.drop + encodeURIComponent(file.name);
    const answer = await fetch(address, {method: "PUT", body: file}).catch((error) => new Response(`${error}`));
    said.textContent = await answer.text();
    if (answer.status !== 201) return;
  }
  const words = said.textContent;
  await renew();
  document.querySelector("#dropped").textContent = words;
}

document.addEventListener("change", (event) => {
  if (event.target.dataset.drop) drop(event.target, [...event.target.files]);
});

let row = -1;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
  const rows = [...document.querySelectorAll(".rows tbody tr")];
  if (event.key === "/") {
    document.querySelector("input[type=search]")?.focus();
    event.preventDefault();
  } else if ((event.key === "j" || event.key === "k") && rows.length) {
    row = Math.min(Math.max(row + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
    rows.forEach((each, index) => each.setAttribute("aria-selected", String(index === row)));
    rows[row].querySelector("a").focus();
  }
});
watch();
