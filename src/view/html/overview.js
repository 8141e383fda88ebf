// The sections around the matrix: header, tiles, findings, gates, failures, run details.

function fillHeader() {
  document.title = report.title;
  byId("title").textContent = report.title;
  const [measured, failed, planned] = report.tests;
  const details = new Map(report.runDetails);
  const parts = [details.get("Cluster"), details.get("Started"), details.get("Test")];
  const partial = `Partial: ended after ${formatCount(measured + failed)} of ${formatCount(planned)} tests`;
  byId("subtitle").replaceChildren(
    ...(report.isPartial ? [html("span", { class: "chip warn" }, partial), " "] : []),
    parts.filter(Boolean).join(" · "),
  );
}

function fillRunDetails() {
  const details = [...report.runDetails];
  const skipped = report.skippedNodes.map((node) => `${node.name} (${node.reason})`);
  if (skipped.length) details.push(["Skipped nodes", skipped.join(", ")]);
  if (report.baseline) {
    const { run, started, differences } = report.baseline;
    details.push(["Baseline", [`run ${run} (${started})`, ...differences].join("; ")]);
  }
  byId("run-details").append(
    ...details.map(([name, text]) => html("div", {}, html("dt", {}, name), html("dd", {}, text))),
  );
}

function tile(name, text, note, onclick) {
  const content = [
    html("span", { class: "name" }, name),
    html("span", { class: "value" }, text),
    html("span", { class: "note" }, note),
  ];
  return onclick
    ? html("button", { type: "button", class: "tile", onclick }, content)
    : html("div", { class: "tile" }, content);
}

// summarizes the layer that is shown, the tests and the findings
function fillTiles() {
  const { layer } = view;
  const [measured, failed, planned] = report.tests;
  const tiles = [];
  if (layer) {
    tiles.push(
      tile(
        `${layer.title}, median`,
        layer.median === null ? "–" : valueText(layer, layer.median),
        plural(layer.values.filter((value) => value !== null).length, "pair"),
      ),
    );
    const worst = worstCell(layer);
    if (worst >= 0) {
      const pair = pairOf(layer, worst);
      tiles.push(
        tile(
          layer.kind === "throughput" ? "Slowest pair" : "Worst pair",
          valueText(layer, layer.values[worst]),
          pairLines(pair),
          () => openDetails(pair, { focus: true }),
        ),
      );
    }
  }
  const failedText = failed ? `${formatCount(failed)} failed` : "none failed";
  tiles.push(
    tile("Tests", `${formatCount(measured)} measured`, `${formatCount(planned)} planned, ${failedText}`),
  );
  tiles.push(tile("Findings", String(report.findings.length), findingsNote()));
  byId("tiles").replaceChildren(...tiles);
}

function findingsNote() {
  if (report.failingPairs) return `${plural(report.failingPairs, "pair")} failing a gate`;
  if (report.tests[0] === 0) return "nothing was measured";
  return report.findings.length ? "listed below" : "no anomalies";
}

const CONFIRMATIONS = {
  confirmed: "confirmed",
  onlyTogether: "normal in isolation",
  notMeasured: "not retested",
};

function fillLists() {
  fillList("findings", report.findings.map(findingItem));
  fillList("breaches", report.breaches.map(breachItem));
  fillList("failures", report.failures.map(failureItem));
  fillList(
    "notes",
    report.notes.map((note) => html("li", {}, note)),
  );
}

function fillList(id, items) {
  byId(id).hidden = items.length === 0;
  byId(id)
    .querySelector("ul")
    .replaceChildren(...items);
}

function findingItem(finding) {
  const percent = finding.percent === null ? "!" : `${MINUS}${Math.round(finding.percent)}%`;
  const confirmation = finding.confirmation
    ? html("span", { class: `chip ${finding.confirmation}` }, CONFIRMATIONS[finding.confirmation])
    : null;
  const button = html(
    "button",
    {
      type: "button",
      "aria-pressed": "false",
      onclick: (event) => toggleHighlight(event.currentTarget, finding),
      disabled: finding.pairs.length ? null : "",
    },
    html("span", { class: "percent" }, percent),
    html("span", {}, `${finding.sentence}. `, confirmation),
  );
  return html("li", {}, button);
}

// highlights the pairs of a finding in the matrix, or stops that
function toggleHighlight(button, finding) {
  const isPressed = button.getAttribute("aria-pressed") !== "true";
  clearHighlight();
  if (!isPressed) return;
  button.setAttribute("aria-pressed", "true");
  if (finding.layer !== null && report.layers[finding.layer] !== view.layer) showLayer(finding.layer);
  view.highlighted = finding.pairs;
  drawOverlay();
  byId("live").textContent = `${plural(finding.pairs.length, "pair")} highlighted in the matrix`;
}

// returns whether anything was highlighted
function clearHighlight() {
  const wasHighlighted = view.highlighted !== null;
  for (const button of document.querySelectorAll('[aria-pressed="true"]'))
    button.setAttribute("aria-pressed", "false");
  view.highlighted = null;
  drawOverlay();
  return wasHighlighted;
}

// a button that opens the details of a pair in a layer
function pairLink(pair, layer) {
  const open = () => {
    if (layer !== null) showLayer(layer);
    openDetails(pair, { focus: true });
  };
  return html("button", { type: "button", class: "link", onclick: open }, pairName(pair));
}

function breachItem({ pair, layer, route, value, limit, gate }) {
  const measured = value === null ? "failed" : formatRate(value);
  return html(
    "li",
    {},
    pairLink(pair, layer),
    ` over ${route}: ${measured}, limit ${formatRate(limit)} `,
    html("code", {}, gate),
  );
}

const MAX_LISTED_PAIRS = 12;

function failureItem({ reason, remedy, layer, pairs }) {
  const links = pairs.slice(0, MAX_LISTED_PAIRS).map((pair) => pairLink(pair, layer));
  const more = pairs.length - MAX_LISTED_PAIRS;
  return html(
    "li",
    {},
    html("p", {}, html("strong", {}, reason)),
    remedyLine(remedy),
    html("p", { class: "links" }, links, more > 0 ? html("span", {}, `and ${formatCount(more)} more`) : null),
  );
}
