// The tooltip next to the pointer, and the panel with the details of a pair.

const tooltip = byId("tooltip");

function showTooltip(content, x, y) {
  tooltip.replaceChildren(...content);
  tooltip.hidden = false;
  const { width, height } = tooltip.getBoundingClientRect();
  const left = x + 16 + width > innerWidth ? x - width - 12 : x + 16;
  const top = y + 16 + height > innerHeight ? y - height - 12 : y + 16;
  tooltip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
}

function hideTooltip() {
  tooltip.hidden = true;
}

function pairTooltip(pair) {
  const { layer } = view;
  const cell = cellOf(layer, pair);
  const value = layer.values[cell];
  const content = [
    html("div", { class: "names" }, pairLines(pair)),
    html("strong", {}, cellText(layer, cell)),
  ];
  if (value !== null) content.push(html("span", {}, ` ${referenceText(layer, value)}`));
  const tests = testsOf(layer, cell);
  const rows = [];
  const [reverseLayer, reverseCell] = reverseOf(layer, pair);
  if (reverseCell >= 0) rows.push(["reverse", cellText(reverseLayer, reverseCell)]);
  metricsOf(layer).forEach((metric, index) => {
    const mean = meanOf(tests, index);
    if (metric.isKey && mean !== null) rows.push([metric.label, formatMetric(metric, mean)]);
  });
  if (rows.length)
    content.push(
      html(
        "dl",
        {},
        rows.map(([name, text]) => [html("dt", {}, name), html("dd", {}, text)]),
      ),
    );
  const change = changeText(layer, cell);
  const failed = tests.find((test) => test.failed);
  for (const text of [change, failed?.reason]) if (text) content.push(html("p", {}, text));
  return content;
}

// one line per end: names are long
const pairLines = (pair) =>
  html(
    "div",
    { class: "pair" },
    pair.map((end) => html("span", {}, endpoints[end].name)),
  );

// `row` or `column` is -1 for the mean of a column or of a row
function meanTooltip([row, column]) {
  const { layer } = view;
  const isOverall = row < 0 && column < 0;
  const end = row < 0 ? view.columns[column] : view.rows[row];
  const isSender = row >= 0 !== layer.reversed;
  const meanOfEnd = () => (row < 0 ? layer.columnMeans[layer.external ? 0 : end] : layer.rowMeans[end]);
  const value = isOverall ? layer.mean : meanOfEnd();
  const title = isOverall ? "all pairs" : `${endpoints[end].name} as ${rolesOf(layer)[isSender ? 0 : 1]}`;
  return [
    html("div", { class: "names" }, title),
    html("strong", {}, value === null ? "not measured" : valueText(layer, value)),
    html("span", {}, " on average"),
  ];
}

// the roles of a pair's ends
const rolesOf = (layer) => (layer.measure === "latency" ? ["client", "server"] : ["sender", "receiver"]);

// what had the focus before the panel opened
let opener = null;

function openDetails(pair, { focus }) {
  opened = pair;
  const panel = byId("details");
  panel.replaceChildren(...detailsOf(pair));
  panel.hidden = false;
  panel.scrollTop = 0;
  // on the side that does not cover the cell
  const position = positionOf(pair);
  const x = position ? overlay.canvas.getBoundingClientRect().left + leftOf(position[1]) : 0;
  panel.classList.toggle("left", x + layout.width > innerWidth - panel.offsetWidth);
  hideTooltip();
  if (!focus) return drawOverlay();
  if (!panel.contains(document.activeElement)) opener = document.activeElement;
  panel.focus();
  drawOverlay();
}

// returns whether the panel was open
function closeDetails() {
  const panel = byId("details");
  if (panel.hidden) return false;
  const hadFocus = panel.contains(document.activeElement);
  panel.hidden = true;
  opened = null;
  if (hadFocus) (opener?.isConnected ? opener : byId("grid")).focus({ preventScroll: true });
  drawOverlay();
  return true;
}

function detailsOf(pair) {
  const { layer } = view;
  const cell = cellOf(layer, pair);
  const value = cell < 0 ? null : layer.values[cell];
  const close = html(
    "button",
    { type: "button", class: "quiet close", "aria-label": "Close", onclick: closeDetails },
    "✕",
  );
  const names = html("h2", { id: "details-title" }, pairLines(pair));
  const captions = [layer.title];
  if (value !== null) captions.push(referenceText(layer, value));
  const result = html(
    "p",
    { class: `big ${value === null ? "failed" : ""}` },
    cellText(layer, cell),
    html("small", {}, captions.join(" · ")),
  );
  const change = changeText(layer, cell);
  const sources = layer.sources.length ? layer.sources.map((index) => report.layers[index]) : [layer];
  return [
    close,
    names,
    endpointProperties(pair),
    result,
    change ? html("p", {}, change) : null,
    sources.map((source) => layerSection(source, pair, sources.length > 1)),
    report.layers.length > 1 || reverseOf(layer, pair)[1] >= 0 ? directionsSection(pair) : null,
  ]
    .flat(Infinity)
    .filter((child) => child);
}

function endpointProperties(pair) {
  const [first, second] = pair.map((end) =>
    [endpoints[end].zone, ...endpoints[end].properties].filter(Boolean).join(", "),
  );
  if (!first && !second) return null;
  if (first === second) return html("p", { class: "properties" }, `both: ${first}`);
  return html(
    "p",
    { class: "properties pair" },
    [first, second].map((text) => html("span", {}, text || "unknown")),
  );
}

// the tests of a pair in one layer
function layerSection(layer, pair, hasTitle) {
  const cell = cellOf(layer, pair);
  const tests = testsOf(layer, cell);
  if (!tests.length) return null;
  const [reverseLayer, reverseCell] = reverseOf(layer, pair);
  const reverseTests = testsOf(reverseLayer, reverseCell);
  const drawing = chart([{ tests: reverseTests, isFaint: true }, { tests }]);
  const retests = retestsOf(layer, cell);
  return html(
    "section",
    {},
    hasTitle ? html("h3", {}, layer.title) : null,
    drawing
      ? html("figure", {}, drawing, html("figcaption", {}, chartCaption(tests, reverseTests, layer)))
      : null,
    testTable(tests, layer),
    retests.length ? [html("h3", {}, "Retested in isolation"), testTable(retests, layer)] : null,
  );
}

function chartCaption(tests, reverseTests, layer) {
  const lines = tests.length > 1 ? "one line per repetition" : "";
  const dashed = reverseTests.some((test) => test.samples?.length) ? "dashed: reverse direction" : "";
  return [layer.unit, lines, dashed].filter(Boolean).join(" · ");
}

// a column per test, a row per value that any test has
function testTable(tests, layer) {
  const measured = tests.filter((test) => !test.failed);
  const rows = metricsOf(layer).map((metric, index) => [
    metric.label,
    measured.map((test) => formatMetric(metric, test.values[index])),
  ]);
  rows.push(["Attempts", measured.map(({ attempts }) => (attempts > 1 ? String(attempts) : null))]);
  const head =
    measured.length > 1
      ? html(
          "thead",
          {},
          html(
            "tr",
            {},
            html("td"),
            measured.map((test) => html("th", { scope: "col" }, `#${test.repetition}`)),
          ),
        )
      : null;
  const body = rows
    .filter(([, texts]) => texts.some((text) => text !== null))
    .map(([name, texts]) =>
      html(
        "tr",
        {},
        html("th", { scope: "row" }, name),
        texts.map((text) => html("td", {}, text ?? "–")),
      ),
    );
  const failures = tests
    .filter((test) => test.failed)
    .map((test) =>
      html(
        "li",
        {},
        html("strong", {}, `#${test.repetition} failed`),
        test.attempts > 1 ? ` after ${test.attempts} attempts` : null,
        html("p", {}, test.reason),
        remedyLine(test.remedy),
      ),
    );
  return [
    measured.length
      ? html("div", { class: "wide" }, html("table", { class: "tests" }, head, html("tbody", {}, body)))
      : null,
    failures.length ? html("ul", { class: "lines" }, failures) : null,
  ];
}

const remedyLine = (remedy) => (remedy ? html("p", { class: "remedy" }, `Help: ${remedy}`) : null);

// a row per layer, a column per direction
function directionsSection(pair) {
  const rows = report.layers
    .filter((layer) => cellOf(layer, pair) >= 0)
    .map((layer) => {
      const [reverseLayer, reverseCell] = reverseOf(layer, pair);
      const texts = [
        cellText(layer, cellOf(layer, pair)),
        reverseCell < 0 ? "–" : cellText(reverseLayer, reverseCell),
      ];
      return html(
        "tr",
        { class: layer === view.layer ? "shown" : null },
        html("th", { scope: "row" }, layer.title),
        texts.map((text) => html("td", {}, text)),
      );
    });
  const head = html(
    "thead",
    {},
    html(
      "tr",
      {},
      html("td"),
      ["forward", "reverse"].map((direction) => html("th", { scope: "col" }, direction)),
    ),
  );
  return html(
    "section",
    {},
    html("h3", {}, "Both directions"),
    html("div", { class: "wide" }, html("table", { class: "tests" }, head, html("tbody", {}, rows))),
  );
}
