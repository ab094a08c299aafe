// Boxes and edges as SVG. Texts only ever become text nodes and attributes.

const SVG = "http://www.w3.org/2000/svg";
const STATES = {
  failed: { about: "failed in its last run", mark: "M-4 -4L4 4M4 -4L-4 4" },
  running: { about: "running now", mark: "M-3 -4.5L4.5 0L-3 4.5z" },
  stale: { about: "would run again", mark: "M4 -2.5A4.7 4.7 0 1 0 4.5 1.5M4.4 -5L4.2 -2.2L1.4 -2.4" },
  restored: { about: "up to date, restored from the cache", mark: "M0 -5V2M-3.5 -1L0 2.5L3.5 -1M-4 5H4" },
  fresh: { about: "up to date", mark: "M-4.5 0L-1.5 3.5L4.5 -3.5" },
  unknown: { about: "not known: DVC does not run this pipeline", mark: "M-1 0h2" },
};

function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function html(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The state of a box: of a folded group, that of the stage which needs attention most. */
function stateOf(box) {
  const present = new Set(box.stages.map((stage) => stage.state));
  return Object.keys(STATES).find((state) => present.has(state)) ?? "unknown";
}

function stateCounts(stages) {
  const counts = {};
  for (const stage of stages) counts[stage.state] = (counts[stage.state] ?? 0) + 1;
  return Object.keys(STATES).filter((state) => counts[state]).map((state) => [state, counts[state]]);
}

/** What a screen reader says of a box. */
function nameOf(box, boxes) {
  const parts = [oneLine(box.name)];
  if (box.group === undefined) {
    const [stage] = box.stages;
    parts.push([stage.state, ...stage.reasons.slice(0, 2).map(oneLine)].join(": "));
  } else {
    parts.push(`folded, ${plural(box.stages.length, "stage")}`);
    parts.push(...stateCounts(box.stages).map(([state, count]) => `${count} ${state}`));
  }
  const names = (ids) => [...ids].slice(0, 5).map((id) => oneLine(boxes.get(id).name)).join(", ");
  if (box.before.size) parts.push(`after ${names(box.before)}`);
  if (box.after.size) parts.push(`before ${names(box.after)}`);
  return parts.join(", ");
}

function drawBox(box, place, boxes) {
  const { width, height } = place;
  const state = stateOf(box);
  const lines = box.lines.map((line, index) => {
    const kind = box.group !== undefined && index === box.lines.length - 1 ? "count" : "name";
    return svg("text", { x: SIDE, y: TOP + 12 + index * LINE, class: kind }, line);
  });
  const shape = [svg("rect", { class: "shape", width, height, rx: 7 })];
  if (box.group !== undefined) shape.unshift(svg("rect", { class: "under", x: 4, y: 4, width, height, rx: 7 }));
  const element = svg(
    "g",
    {
      class: `box ${state}${box.stages.every((stage) => stage.frozen) ? " frozen" : ""}`,
      transform: `translate(${place.x - width / 2} ${place.y - height / 2})`,
      tabindex: "0",
      role: "button",
      "aria-label": nameOf(box, boxes),
    },
    ...shape,
    svg("path", { class: "mark", d: STATES[state].mark, transform: `translate(18 ${height / 2})` }),
    ...lines,
  );
  element.dataset.id = box.id;
  if (box.group !== undefined) element.setAttribute("aria-expanded", "false");
  return element;
}

/** Draw everything anew; returns the elements of the boxes by their id. */
function drawGraph(scene, boxes, layout) {
  const elements = new Map(), edges = svg("g", { class: "edges", "aria-hidden": "true" }), nodes = svg("g", {});
  for (const edge of layout.edges) {
    const element = svg("path", { class: "edge", d: edge.path });
    element.dataset.from = edge.from;
    element.dataset.to = edge.to;
    edges.append(element);
  }
  for (const box of boxes.values()) {
    const element = drawBox(box, layout.places.get(box.id), boxes);
    elements.set(box.id, element);
    nodes.append(element);
  }
  scene.replaceChildren(edges, nodes);
  return elements;
}

function drawLegend(list, stages) {
  const states = new Set(stages.map((stage) => stage.state));
  const entries = Object.keys(STATES).filter((state) => states.has(state)).map((state) => {
    const count = stages.filter((stage) => stage.state === state).length;
    const icon = svg("svg", { viewBox: "-9 -9 18 18", width: 18, height: 18, "aria-hidden": "true" },
      svg("path", { class: "mark", d: STATES[state].mark }));
    return html("li", { class: state }, icon, html("span", {}, `${state}: ${STATES[state].about} (${count})`));
  });
  const arrow = svg("svg", { viewBox: "0 0 26 18", width: 26, height: 18, "aria-hidden": "true" },
    svg("path", { class: "edge", d: "M0 9H25" }));
  list.replaceChildren(...entries, html("li", {}, arrow, html("span", {}, "writes what the next one reads")));
}
