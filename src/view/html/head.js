// What is above and below the matrix: figures, findings, gates, failures, facts.

function fillHead() {
  document.title = report.title;
  byId("title").textContent = report.title;
  const [measured, failed, planned] = report.tests;
  const facts = new Map(report.facts);
  const words = [facts.get("Cluster"), facts.get("Began"), facts.get("Each test")];
  const state = report.partial
    ? `Partial: ended after ${count(measured + failed)} of ${count(planned)} tests`
    : null;
  byId("subtitle").replaceChildren(
    ...(state ? [el("span", { class: "chip warn" }, state), " "] : []),
    words.filter(Boolean).join(" · "),
  );
  const leftOut = report.leftOut.map((node) => `${node.name} (${node.reason})`);
  if (leftOut.length) report.facts.push(["Left out", leftOut.join(", ")]);
  if (report.comparison) {
    const { base: id, began, differences } = report.comparison;
    report.facts.push(["Compared with", [`run ${id} of ${began}`, ...differences].join("; ")]);
  }
  byId("facts").append(
    ...report.facts.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text))),
  );
}

// the figures that say most, of the layer that is shown
function fillTiles() {
  const { layer } = view;
  const [measured, failed, planned] = report.tests;
  const tile = (name, text, note, action) => {
    const content = [
      el("span", { class: "name" }, name),
      el("span", { class: "figure" }, text),
      el("span", { class: "note" }, note),
    ];
    return action
      ? el("button", { type: "button", class: "tile", onclick: action }, content)
      : el("div", { class: "tile" }, content);
  };
  const tiles = [];
  if (layer) {
    const usual = layer.kind === "cost" ? layer.mean : layer.usual;
    const average = layer.kind === "cost" ? "Mean" : "Median";
    const title = `${average} ${layer.title[0].toLowerCase()}${layer.title.slice(1)}`;
    tiles.push(
      tile(
        title,
        usual === null ? "–" : write(layer, usual),
        plural(layer.values.filter((value) => value !== null).length, "pair"),
      ),
    );
    const worst = worstOf(layer);
    if (worst >= 0) {
      const pair = pairOf(layer, worst);
      tiles.push(
        tile(
          layer.kind === "throughput" ? "Slowest pair" : "Worst pair",
          write(layer, layer.values[worst]),
          pairLines(pair),
          () => openDetails(pair, { focus: true }),
        ),
      );
    }
  }
  tiles.push(
    tile(
      "Tests",
      `${count(measured)} measured`,
      failed ? `${count(failed)} failed of ${count(planned)}` : `of ${count(planned)}, none failed`,
    ),
  );
  tiles.push(tile("Findings", String(report.findings.length), findingWords()));
  byId("tiles").replaceChildren(...tiles);
}

function findingWords() {
  if (report.pairsBelow) return `${plural(report.pairsBelow, "pair")} below a gate`;
  if (report.tests[0] === 0) return "nothing was measured";
  return report.findings.length ? "the gravest first, below" : "nothing stands out";
}

const CONFIRMATIONS = {
  confirmed: "measured again, alone: as slow",
  onlyTogether: "measured again, alone: as fast as the rest",
  notMeasured: "could not be measured again",
};

function fillLists() {
  fillList("findings", report.findings.map(finding));
  fillList("breaches", report.breaches.map(breach));
  fillList("failures", report.failures.map(failure));
  fillList(
    "notes",
    report.notes.map((note) => el("li", {}, note)),
  );
}

function fillList(id, items) {
  byId(id).hidden = items.length === 0;
  byId(id)
    .querySelector("ul")
    .replaceChildren(...items);
}

function finding(found) {
  const percent = found.percent === null ? "!" : `${MINUS}${Math.round(found.percent)} %`;
  const confirmation = found.confirmation
    ? el("span", { class: `chip ${found.confirmation}` }, CONFIRMATIONS[found.confirmation])
    : null;
  const toggle = (event) => highlight(event.currentTarget, found);
  const body = el("span", {}, `${found.sentence}. `, confirmation);
  const button = el(
    "button",
    { type: "button", "aria-pressed": "false", onclick: toggle, disabled: found.pairs.length ? null : "" },
    el("span", { class: "percent" }, percent),
    body,
  );
  return el("li", {}, button);
}

// shows the pairs of a finding in the matrix, or all again
function highlight(button, found) {
  const pressed = button.getAttribute("aria-pressed") !== "true";
  clearHighlight();
  if (!pressed) return;
  button.setAttribute("aria-pressed", "true");
  if (found.layer !== null && report.layers[found.layer] !== view.layer) showLayer(found.layer);
  view.highlighted = found.pairs;
  drawOverlay();
  byId("live").textContent = `${plural(found.pairs.length, "pair")} marked in the matrix`;
}

function clearHighlight() {
  const had = view.highlighted !== null;
  for (const button of document.querySelectorAll('[aria-pressed="true"]'))
    button.setAttribute("aria-pressed", "false");
  view.highlighted = null;
  drawOverlay();
  return had;
}

function breach(breached) {
  const value = breached.value === null ? "failed" : writeRate(breached.value);
  const open = () => {
    if (breached.layer !== null) showLayer(breached.layer);
    openDetails(breached.ends, { focus: true });
  };
  return el(
    "li",
    {},
    el("button", { type: "button", class: "link", onclick: open }, pairName(breached.ends)),
    ` over ${breached.way}: ${value}, had to reach ${writeRate(breached.limit)} `,
    el("code", {}, breached.gate),
  );
}

// how many pairs are named for one reason
const NAMED = 12;

function failure({ reason, remedy, layer, pairs }) {
  const open = (pair) => {
    if (layer !== null) showLayer(layer);
    openDetails(pair, { focus: true });
  };
  const links = pairs
    .slice(0, NAMED)
    .map((pair) =>
      el(
        "button",
        { type: "button", class: "link", onclick: () => open(pair) },
        pairName(pair),
      ),
    );
  const more = pairs.length > NAMED ? el("span", {}, `and ${count(pairs.length - NAMED)} more`) : null;
  return el(
    "li",
    {},
    el("p", {}, el("strong", {}, reason)),
    remedy ? el("p", { class: "remedy" }, `To do: ${remedy}`) : null,
    el("p", { class: "links" }, links, more),
  );
}
