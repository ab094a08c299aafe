// Where boxes and edges are. dagre arranges the boxes in ranks; the edges are routed here, so that none crosses a box.

const MAX_LABEL = 160, LINE = 16, SIDE = 34, TOP = 9;
const GAP = { nodesep: 16, edgesep: 10, ranksep: 44 };
const MANY = 150;

/** The boxes that are shown: a stage, or a folded group; a group is open if its name is in `open`. */
function boxesOf(graph, open) {
  const boxes = new Map(), boxOf = new Map();
  for (const stage of graph.stages) {
    const group = stage.groups.find((name) => !open.has(name));
    const id = group === undefined ? `stage ${stage.name}` : `group ${group}`;
    if (!boxes.has(id)) {
      const name = group === undefined ? stage.name : graph.groups[group].label;
      boxes.set(id, { id, name, group, stages: [], before: new Set(), after: new Set() });
    }
    boxes.get(id).stages.push(stage);
    boxOf.set(stage.name, boxes.get(id));
  }
  for (const stage of graph.stages) {
    const box = boxOf.get(stage.name);
    for (const parent of stage.parents) {
      const above = boxOf.get(parent);
      if (above === undefined || above === box) continue;
      box.before.add(above.id);
      above.after.add(box.id);
    }
  }
  return { boxes, boxOf };
}

/** Boxes with places and edges with paths, arranged so that they fill an area of this shape best. */
function arrange(boxes, shape) {
  const all = [...boxes.values()];
  for (const box of all) {
    const count = box.group === undefined ? "" : plural(box.stages.length, "stage");
    box.lines = [...wrapped(box.name, MAX_LABEL), ...(count ? [count] : [])];
  }
  const width = Math.ceil(SIDE + 14 + Math.max(70, ...all.map((box) => Math.max(...box.lines.map(widthOf)))));
  for (const box of all) {
    box.width = width;
    box.height = 2 * TOP + box.lines.length * LINE;
  }
  const directions = all.length > MANY ? ["LR"] : ["LR", "TB"];
  const layouts = directions.map((direction) => {
    const parts = components(boxes).map((part) => arrangeOne(part, direction));
    return pack(parts, shape);
  });
  const scale = (layout) => Math.min(shape.width / layout.width, shape.height / layout.height, 1);
  return layouts.reduce((best, layout) => (scale(layout) > scale(best) * 1.1 ? layout : best));
}

/** The parts of the graph that no edge joins. */
function components(boxes) {
  const seen = new Set(), parts = [];
  for (const start of boxes.values()) {
    if (seen.has(start.id)) continue;
    const part = [], todo = [start];
    seen.add(start.id);
    while (todo.length) {
      const box = todo.pop();
      part.push(box);
      for (const id of [...box.before, ...box.after]) {
        if (!seen.has(id)) {
          seen.add(id);
          todo.push(boxes.get(id));
        }
      }
    }
    parts.push(part);
  }
  return parts;
}

function arrangeOne(part, direction) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: direction, ranker: part.length > MANY ? "tight-tree" : "network-simplex", ...GAP });
  const order = [...part].sort((a, b) => a.stages[0].order - b.stages[0].order);
  for (const box of order) graph.setNode(box.id, { width: box.width, height: box.height });
  for (const box of order) for (const id of box.before) graph.setEdge(id, box.id, {});
  dagre.layout(graph);
  const places = new Map(order.map((box) => {
    const { x, y } = graph.node(box.id);
    return [box.id, { id: box.id, x, y, width: box.width, height: box.height }];
  }));
  const bands = bandsOf([...places.values()], direction);
  const edges = graph.edges().map(({ v, w }) => ({
    from: v,
    to: w,
    knots: knotsOf(graph.edge(v, w).points, places.get(v), places.get(w), bands, direction),
  }));
  const { width, height } = graph.graph();
  return { places: [...places.values()], edges, width, height, direction };
}

/** The strips of the ranks: boxes are in them, and nothing but edges is between them. */
function bandsOf(places, direction) {
  const bands = new Map();
  for (const place of places) {
    const [middle, size] = direction === "LR" ? [place.x, place.width] : [place.y, place.height];
    const key = Math.round(middle);
    const band = bands.get(key) ?? { middle, start: middle, end: middle };
    band.start = Math.min(band.start, middle - size / 2);
    band.end = Math.max(band.end, middle + size / 2);
    bands.set(key, band);
  }
  return [...bands.values()].sort((a, b) => a.middle - b.middle);
}

/**
 * The points where an edge enters and leaves the strips. Across a strip it goes straight, where dagre has kept the room
 * free; between two strips it may turn as it likes. In pairs: [along, across] the direction of the graph.
 */
function knotsOf(points, from, to, bands, direction) {
  const along = direction === "LR" ? "x" : "y", across = direction === "LR" ? "y" : "x";
  const size = direction === "LR" ? "width" : "height";
  const sign = to[along] >= from[along] ? 1 : -1;
  const edge = (band, leaving) => (sign * (leaving ? 1 : -1) > 0 ? band.end : band.start);
  const bandOf = (place) => bands.find((band) => Math.abs(band.middle - place[along]) <= 1);
  const between = bands.filter(
    (band) => sign * (band.middle - from[along]) > 1 && sign * (to[along] - band.middle) > 1,
  );
  if (sign < 0) between.reverse();
  const knots = [
    [from[along] + (sign * from[size]) / 2, from[across]],
    [edge(bandOf(from), true), from[across]],
  ];
  for (const band of between) {
    const place = placeAt(points, band.middle, along, across);
    knots.push([edge(band, false), place], [edge(band, true), place]);
  }
  knots.push([edge(bandOf(to), false), to[across]], [to[along] - (sign * to[size]) / 2, to[across]]);
  return knots;
}

function placeAt(points, middle, along, across) {
  const exact = points.find((point) => Math.abs(point[along] - middle) < 1);
  if (exact) return exact[across];
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    if ((a[along] - middle) * (b[along] - middle) <= 0 && a[along] !== b[along]) {
      return a[across] + ((b[across] - a[across]) * (middle - a[along])) / (b[along] - a[along]);
    }
  }
  return points[points.length - 1][across];
}

/** The path of an edge: straight across strips, smooth between them. */
function pathOf(knots, direction, dx, dy) {
  const at = ([along, across]) =>
    direction === "LR" ? `${(along + dx).toFixed(1)} ${(across + dy).toFixed(1)}` : `${(across + dx).toFixed(1)} ${(along + dy).toFixed(1)}`;
  let path = `M${at(knots[0])}`;
  for (let i = 1; i < knots.length; i++) {
    const [a, b] = [knots[i - 1], knots[i]];
    if (i % 2 === 1) {
      if (a[0] !== b[0] || a[1] !== b[1]) path += `L${at(b)}`;
    } else {
      const middle = (a[0] + b[0]) / 2;
      path += `C${at([middle, a[1]])} ${at([middle, b[1]])} ${at(b)}`;
    }
  }
  return path;
}

/** All parts side by side in rows, within about the shape of the window. */
function pack(parts, shape) {
  const gap = 24, area = parts.reduce((sum, part) => sum + (part.width + gap) * (part.height + gap), 0);
  const limit = Math.max(Math.sqrt((area * shape.width) / shape.height) * 1.15, ...parts.map((part) => part.width));
  const layout = { places: new Map(), edges: [], width: 0, height: 0 };
  let x = 0, y = 0, row = 0;
  for (const part of [...parts].sort((a, b) => b.height - a.height)) {
    if (x > 0 && x + part.width > limit) {
      x = 0;
      y += row + gap;
      row = 0;
    }
    for (const place of part.places) layout.places.set(place.id, { ...place, x: place.x + x, y: place.y + y });
    for (const { from, to, knots } of part.edges) {
      layout.edges.push({ from, to, path: pathOf(knots, part.direction, x, y) });
    }
    layout.width = Math.max(layout.width, x + part.width);
    layout.height = Math.max(layout.height, y + part.height);
    row = Math.max(row, part.height);
    x += part.width + gap;
  }
  return layout;
}
