// Shows what the server sends while it records, and sends it what the buttons ask for.
"use strict";

const shown = document.querySelector("[data-phase]").dataset.phase;
const find = (id) => document.getElementById(id);
const RETRY_MS = 1000;
let socket = null;

function connect() {
  socket = new WebSocket(`ws://${location.host}/live/pictures`);
  socket.onmessage = (message) => show(JSON.parse(message.data));
  socket.onclose = () => {
    if (shown !== "idle") alarms(["no connection to sidewise: is it still running in its terminal?"]);
    setTimeout(connect, RETRY_MS);
  };
}

function show(picture) {
  if ((picture.phase === "idle") !== (shown === "idle")) {
    location.replace("/live"); // a recording has started or ended, here or on another page
    return;
  }
  if (shown === "idle") return;
  const saving = picture.phase === "saving";
  text("time", picture.time);
  text("doing", saving ? "saving ..." : doing(picture));
  alarms(picture.alarms);
  bar(picture.bar, picture.difference);
  text("sets", picture.sets);
  text("sets-word", picture.sets === 1 ? "set" : "sets");
  for (const [side, own] of Object.entries(picture.sides)) link(side, own);
  text("timing", picture.timing);
  lines("notices", picture.notices, "li");
  text("mark", picture.marking ? "End set" : "Mark set");
  text("pause", picture.paused ? "Go on" : "Pause");
  for (const button of document.querySelectorAll("[data-do]")) button.disabled = saving;
}

function doing(picture) {
  if (picture.paused) return "paused";
  if (picture.marking) return `marking set ${picture.marked + 1}`;
  return picture.marked ? `${picture.marked} marked` : "";
}

function bar(places, difference) {
  text("difference", difference);
  const svg = find("bar");
  svg.setAttribute("class", places ? places.side : "unknown");
  svg.setAttribute("aria-label", difference);
  for (const end of document.querySelectorAll(".scale-end")) end.textContent = places ? places.scale : "";
  if (!places) return;
  set("amount", { x: `${Math.min(50, places.at)}%`, width: `${Math.abs(places.at - 50)}%` });
  set("interval", { x1: `${places.low}%`, x2: `${places.high}%` });
  set("low", { x1: `${places.low}%`, x2: `${places.low}%` });
  set("high", { x1: `${places.high}%`, x2: `${places.high}%` });
}

function link(side, own) {
  const section = find(`link-${side}`);
  section.dataset.state = own.state;
  section.dataset.last = own.last_s ?? ""; // which packet is on screen
  section.querySelector(".state").textContent = own.state;
  for (const cell of section.querySelectorAll("[data-cell]")) cell.textContent = own.cells[cell.dataset.cell];
  text(`reps-${side}`, own.reps);
  text(`set-reps-${side}`, own.set_reps);
}

function alarms(told) {
  lines("alarms", told, "p");
}

function lines(id, told, tag) {
  const list = find(id);
  if ([...list.children].map((line) => line.textContent).join("\n") === told.join("\n")) return;
  list.replaceChildren(...told.map((line) => Object.assign(document.createElement(tag), { textContent: line })));
}

function text(id, value) {
  const element = find(id);
  if (element.textContent !== String(value)) element.textContent = value;
}

function set(id, attributes) {
  for (const [name, value] of Object.entries(attributes)) find(id).setAttribute(name, value);
}

for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => {
    if (socket.readyState === WebSocket.OPEN) socket.send(button.dataset.do);
  });
}
connect();
