// What a person does with the graph: look around, search, fold and open, follow edges.

const page = Object.fromEntries(
  ["graph", "scene", "legend", "details", "query", "hits", "notice", "search"].map((id) => [id, document.getElementById(id)]),
);
const OPEN_UP_TO = 60;
const view = { x: 0, y: 0, scale: 1, isFitted: true };
let graph, open, boxes, boxOf, layout, elements, selected = null;

function start(data) {
  graph = numbered(data);
  open = new Set(graph.stages.length <= OPEN_UP_TO ? Object.keys(graph.groups) : []);
  redraw();
  fit();
  document.documentElement.dataset.ready = "yes";
}

function numbered(data) {
  data.stages.forEach((stage, order) => Object.assign(stage, { order, text: searchText(stage) }));
  return data;
}

const searchText = (stage) =>
  [stage.name, stage.desc, ...stage.commands, ...stage.params, ...stage.deps.map((dep) => dep.path), ...stage.outs.map((out) => out.path)]
    .join("\n").toLowerCase();

function redraw() {
  ({ boxes, boxOf } = boxesOf(graph, open));
  const { width, height } = area();
  layout = arrange(boxes, { width, height });
  elements = drawGraph(page.scene, boxes, layout);
  drawLegend(page.legend, graph.stages);
  document.getElementById("open-all").hidden = document.getElementById("fold-all").hidden = !Object.keys(graph.groups).length;
  mark();
  markHits();
}

const area = () => {
  const { width, height } = page.graph.getBoundingClientRect();
  return { width: Math.max(width, 100), height: Math.max(height, 100) };
};

// Look around

function place() {
  page.scene.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
}

function fit() {
  const { width, height } = area();
  view.scale = Math.min((width - 24) / (layout.width + 8), (height - 24) / (layout.height + 8), 1.25);
  view.x = (width - layout.width * view.scale) / 2;
  view.y = (height - layout.height * view.scale) / 2;
  view.isFitted = true;
  place();
}

addEventListener("resize", () => view.isFitted && fit());

function zoom(factor, x = area().width / 2, y = area().height / 2) {
  const scale = Math.min(Math.max(view.scale * factor, 0.01), 4);
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  Object.assign(view, { scale, isFitted: false });
  place();
}

/** Move so that a box can be seen and read. */
function bring(id) {
  const { x, y, width, height } = layout.places.get(id);
  const size = area();
  const scale = view.isFitted && view.scale > 0.4 ? view.scale : Math.max(view.scale, 0.6);
  const [left, top] = [x * view.scale + view.x, y * view.scale + view.y];
  const isInside = left > width && top > height && left < size.width - width && top < size.height - height;
  if (scale === view.scale && isInside) return;
  Object.assign(view, { isFitted: false, scale, x: size.width / 2 - x * scale, y: size.height / 2 - y * scale });
  place();
}

page.graph.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = page.graph.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - left, event.clientY - top);
}, { passive: false });

const pointers = new Map();
let moved = 0;
page.graph.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, event);
  moved = 0;
});
addEventListener("pointermove", (event) => {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  const [dx, dy] = [event.clientX - last.clientX, event.clientY - last.clientY];
  const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
  if (other) {
    const distance = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY) || 1;
    const { left, top } = page.graph.getBoundingClientRect();
    zoom(distance(event) / distance(last), other.clientX - left, other.clientY - top);
  } else {
    view.x += dx;
    view.y += dy;
    view.isFitted = false;
    place();
  }
  moved += Math.abs(dx) + Math.abs(dy);
  pointers.set(event.pointerId, event);
});
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, (event) => pointers.delete(event.pointerId));

// Select

function select(id, isFocused = false) {
  selected = id;
  mark();
  if (id === null) {
    showPanel(false);
    return;
  }
  showDetails(page.details, boxes.get(id), {
    select: showStage,
    groups: graph.groups,
    close: () => {
      const element = elements.get(selected);
      select(null);
      element?.focus();
    },
    open: (group) => toggle(group, true),
    fold: (group) => toggle(group, false),
  });
  showPanel(true);
  bring(id);
  if (isFocused) page.details.querySelector("h2").focus();
}

/** The panel takes its room from the graph, which stays in view as a whole if it was. */
function showPanel(isShown) {
  if (page.details.hidden !== isShown) return;
  page.details.hidden = !isShown;
  document.body.classList.toggle("with-details", isShown);
  if (view.isFitted) fit();
}

/** Show a stage, whatever it is folded into. */
function showStage(name) {
  const stage = graph.stages.find((other) => other.name === name);
  if (!stage) return;
  if (stage.groups.some((group) => !open.has(group))) {
    stage.groups.forEach((group) => open.add(group));
    redraw();
  }
  select(`stage ${name}`, true);
}

/** Open or fold a group, and keep what was chosen in view. */
function toggle(group, isOpen) {
  const inside = graph.stages.find((stage) => stage.groups.includes(group));
  if (isOpen) open.add(group);
  else open.delete(group);
  redraw();
  fit();
  const box = boxOf.get(inside.name);
  select(box.id);
  elements.get(box.id).focus();
}

function toggleAll(isOpen) {
  open = new Set(isOpen ? Object.keys(graph.groups) : []);
  select(null);
  redraw();
  fit();
}

/** Emphasize the selected box, its edges, and all boxes up and down the stream. */
function mark() {
  const near = new Set();
  for (const direction of ["before", "after"]) {
    const todo = selected === null || !boxes.has(selected) ? [] : [selected];
    while (todo.length) {
      const id = todo.pop();
      for (const next of boxes.get(id)[direction]) {
        if (!near.has(next)) {
          near.add(next);
          todo.push(next);
        }
      }
    }
  }
  page.scene.classList.toggle("chosen", selected !== null);
  for (const [id, element] of elements) {
    element.classList.toggle("selected", id === selected);
    element.classList.toggle("near", near.has(id));
  }
  const isOn = (id) => id === selected || near.has(id);
  for (const edge of page.scene.querySelectorAll(".edge")) {
    edge.classList.toggle("on", selected !== null && isOn(edge.dataset.from) && isOn(edge.dataset.to));
  }
}

page.graph.addEventListener("click", (event) => {
  if (moved > 4) return;
  const box = event.target.closest(".box");
  select(box ? box.dataset.id : null);
});
page.graph.addEventListener("dblclick", (event) => {
  const box = boxes.get(event.target.closest(".box")?.dataset.id);
  if (box?.group !== undefined) toggle(box.group, true);
});

// Keys

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** The nearest box in a direction; one at the other end of an edge counts as nearer. */
function neighbour(id, [dx, dy]) {
  const from = layout.places.get(id), box = boxes.get(id);
  let best = null, least = Infinity;
  for (const [other, to] of layout.places) {
    const [x, y] = [to.x - from.x, to.y - from.y];
    const ahead = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (other === id || ahead <= 1) continue;
    const distance = (ahead + 2 * aside) * (box.before.has(other) || box.after.has(other) ? 0.3 : 1);
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}

page.graph.addEventListener("keydown", (event) => {
  const id = event.target.closest(".box")?.dataset.id;
  if (id === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in ARROWS) {
    const next = neighbour(id, ARROWS[event.key]);
    if (next !== null) elements.get(next).focus();
  } else if (event.key === "Enter" || event.key === " ") {
    select(id, true);
  } else return;
  event.preventDefault();
});
page.graph.addEventListener("focusin", (event) => {
  const box = event.target.closest(".box");
  if (box && box.matches(":focus-visible")) bring(box.dataset.id);
});
addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && selected !== null) {
    const element = elements.get(selected);
    select(null);
    element?.focus();
  } else if (event.key === "/") page.query.focus();
  else if (event.key === "0") fit();
  else if (event.key === "+" || event.key === "=") zoom(1.25);
  else if (event.key === "-") zoom(0.8);
  else return;
  event.preventDefault();
});

// Search

let hits = [], hit = -1;

function markHits() {
  const words = page.query.value.toLowerCase().split(/\s+/).filter(Boolean);
  hits = words.length ? graph.stages.filter((stage) => words.every((word) => stage.text.includes(word))) : [];
  const found = new Set(hits.map((stage) => boxOf.get(stage.name).id));
  page.scene.classList.toggle("searching", words.length > 0);
  for (const [id, element] of elements) element.classList.toggle("hit", found.has(id));
  page.hits.textContent = words.length ? `${plural(hits.length, "stage")}` : "";
}

page.query.addEventListener("input", () => {
  hit = -1;
  markHits();
});
page.search.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!hits.length) return;
  hit = (hit + 1) % hits.length;
  const { name, groups } = hits[hit];
  if (groups.some((group) => !open.has(group))) {
    groups.forEach((group) => open.add(group));
    redraw();
  }
  select(`stage ${name}`);
});

// Tools

document.getElementById("fit").addEventListener("click", fit);
document.getElementById("in").addEventListener("click", () => zoom(1.25));
document.getElementById("out").addEventListener("click", () => zoom(0.8));
document.getElementById("open-all").addEventListener("click", () => toggleAll(true));
document.getElementById("fold-all").addEventListener("click", () => toggleAll(false));

/** Take another version of the graph, and keep what was open, selected and looked at. */
function update(data) {
  const shape = JSON.stringify([...boxes.values()].map((box) => [box.id, [...box.before]]));
  const known = new Set(Object.keys(graph.groups));
  graph = numbered(data);
  if (graph.stages.length <= OPEN_UP_TO) Object.keys(graph.groups).filter((group) => !known.has(group)).forEach((group) => open.add(group));
  const focused = document.activeElement?.dataset?.id;
  redraw();
  if (JSON.stringify([...boxes.values()].map((box) => [box.id, [...box.before]])) !== shape) fit();
  if (selected !== null) select(boxes.has(selected) ? selected : null);
  if (focused) elements.get(focused)?.focus();
  notice(data.problem);
}

function notice(text) {
  page.notice.hidden = !text;
  page.notice.textContent = visible(text ?? "");
}

function follow() {
  const events = new EventSource("events");
  const load = async () => update(await (await fetch("graph.json", { cache: "no-store" })).json());
  events.addEventListener("graph", () => load().catch(() => notice("the graph could not be loaded")));
  events.addEventListener("error", () => notice("`mlopsc graph --watch` has stopped: this is its last picture"));
}

const data = JSON.parse(document.getElementById("data").textContent);
start(data);
if (data.live) follow();
