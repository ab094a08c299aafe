// The details of a stage or a folded group.

function section(title, ...items) {
  const shown = items.filter((item) => item !== null);
  if (!shown.length) return null;
  return html("section", {}, html("h3", {}, title), html("ul", {}, ...shown.map((item) => html("li", {}, ...item))));
}

const code = (text) => html("code", {}, visible(text));

/** A button that shows another stage. */
function stageLink(name, select) {
  const button = html("button", { type: "button", class: "link" }, oneLine(name));
  button.addEventListener("click", () => select(name));
  return button;
}

function linked(words, names, select) {
  if (!names.length) return [];
  return [html("span", { class: "soft" }, ` ${words} `), ...names.flatMap((name, i) => [...(i ? [", "] : []), stageLink(name, select)])];
}

function stageDetails(stage, actions) {
  const { select, fold, groups } = actions;
  const took = stage.seconds ? `ran for ${duration(stage.seconds)}` : null;
  const badge = html("p", { class: `badge ${stage.state}` }, `${stage.state}: ${STATES[stage.state].about}`);
  const foldable = stage.groups.map((group) => {
    const button = html("button", { type: "button" }, `Fold ${oneLine(groups[group].label)}`);
    button.addEventListener("click", () => fold(group));
    return button;
  });
  return [
    html("h2", { tabindex: "-1" }, oneLine(stage.name)),
    badge,
    ...(stage.desc ? [html("p", {}, visible(stage.desc))] : []),
    section("Why", ...stage.reasons.map((reason) => [visible(reason)])),
    section("Changed in comments or layout only", ...stage.cosmetic.map((path) => [code(path)])),
    section("Command", ...stage.commands.map((command) => [code(command)])),
    stage.wdir === "." ? null : section("In the folder", [code(stage.wdir)]),
    section("Reads", ...stage.deps.map((dep) => [code(dep.path), ...linked("from", dep.from, select)])),
    section("Params", ...stage.params.map((param) => [code(param)])),
    section("Writes", ...stage.outs.map((out) => [
      code(out.path),
      ...(out.kind === "out" ? [] : [html("span", { class: "soft" }, ` ${out.kind}`)]),
      ...linked("read by", out.to, select),
    ])),
    section("Last run", took ? [took] : null, stage.log ? ["output in ", code(stage.log)] : null),
    section("Written in", [code(`${stage.place.file}:${stage.place.line}`)]),
    ...(foldable.length ? [html("p", { class: "buttons" }, ...foldable)] : []),
  ].filter((part) => part !== null);
}

function groupDetails(box, actions) {
  const open = html("button", { type: "button" }, "Open");
  open.addEventListener("click", () => actions.open(box.group));
  return [
    html("h2", { tabindex: "-1" }, oneLine(box.name)),
    html("p", {}, stateCounts(box.stages).map(([state, count]) => `${count} ${state}`).join(", ")),
    html("p", { class: "buttons" }, open),
    section(plural(box.stages.length, "stage"), ...box.stages.map((stage) => [
      stageLink(stage.name, actions.select), html("span", { class: "soft" }, ` ${stage.state}`),
    ])),
  ];
}

/** Fill the panel for a box. */
function showDetails(panel, box, actions) {
  const close = html("button", { type: "button", class: "close", "aria-label": "Close the details" }, "×");
  close.addEventListener("click", actions.close);
  const content = box.group === undefined ? stageDetails(box.stages[0], actions) : groupDetails(box, actions);
  panel.replaceChildren(close, ...content);
}
