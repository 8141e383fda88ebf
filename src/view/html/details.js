// The words beside the pointer, and the panel of one pair.

const tip = byId("tip");

function showTip(content, x, y) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 16 + width > innerWidth ? x - width - 12 : x + 16;
  const top = y + 16 + height > innerHeight ? y - height - 12 : y + 16;
  tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
}

function hideTip() {
  tip.hidden = true;
}

function pairTip(pair) {
  const { layer } = view;
  const cell = cellOf(layer, pair);
  const value = layer.values[cell];
  const content = [el("div", { class: "names" }, pairLines(pair)), el("strong", {}, writeCell(layer, cell))];
  if (value !== null) content.push(el("span", {}, ` ${standing(layer, value)}`));
  const tests = testsOf(layer, cell);
  const rows = [];
  const [backLayer, backCell] = backOf(layer, pair);
  if (backCell >= 0) rows.push(["way back", writeCell(backLayer, backCell)]);
  const resent = meanOf(tests, (test) => test.retransmits);
  if (resent !== null) rows.push(["retransmits", count(Math.round(resent))]);
  const roundTrip = meanOf(tests, (test) => test.roundTrip?.[0]);
  if (roundTrip !== null) rows.push(["round trip", `${timeFigure(roundTrip)} ms`]);
  const lost = meanOf(tests, (test) => test.udp?.[0]);
  if (lost !== null) rows.push(["lost", `${percentFigure(lost)} %`]);
  const slowest = meanOf(tests, (test) => test.p99);
  if (slowest !== null) rows.push(["99 % within", `${timeFigure(slowest)} ms`]);
  if (rows.length)
    content.push(
      el(
        "dl",
        {},
        rows.map(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]),
      ),
    );
  const change = changeOf(layer, cell);
  const failed = tests.find((test) => test.failed);
  for (const words of [change, failed?.reason]) if (words) content.push(el("p", {}, words));
  return content;
}

// a pair on two lines: names are long
const pairLines = (pair) =>
  el(
    "div",
    { class: "pair" },
    pair.map((end) => el("span", {}, ends[end].name)),
  );

function meanTip([row, column]) {
  const { layer } = view;
  const of = row < 0 ? view.columns[column] : view.rows[row];
  const sends = row >= 0 !== layer.reversed;
  const value =
    row < 0 && column < 0
      ? layer.mean
      : row < 0
        ? layer.columnMeans[layer.outside ? 0 : of]
        : layer.rowMeans[of];
  const title = row < 0 && column < 0 ? "all pairs" : `${ends[of].name} ${verbs(layer)[sends ? 0 : 1]}`;
  return [
    el("div", { class: "names" }, title),
    el("strong", {}, value === null ? "not measured" : write(layer, value)),
    el("span", {}, " in the mean"),
  ];
}

const verbs = (layer) => (layer.kind === "latency" ? ["asks", "answers"] : ["sends", "receives"]);

// what had the focus before the panel
let opener = null;

function openDetails(pair, { focus }) {
  opened = pair;
  const panel = byId("details");
  panel.replaceChildren(...detailsOf(pair));
  panel.hidden = false;
  panel.scrollTop = 0;
  // on the side where its cell is not
  const at = placeOf(pair);
  const x = at ? overlay.canvas.getBoundingClientRect().left + leftOf(at[1]) : 0;
  panel.classList.toggle("left", x + place.width > innerWidth - panel.offsetWidth);
  hideTip();
  if (!focus) return drawOverlay();
  if (!panel.contains(document.activeElement)) opener = document.activeElement;
  panel.focus();
  drawOverlay();
}

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
  const close = el(
    "button",
    { type: "button", class: "quiet close", "aria-label": "Close", onclick: closeDetails },
    "✕",
  );
  const names = el("h2", { id: "details-title" }, pairLines(pair));
  const words = [layer.title.toLowerCase()];
  if (value !== null) words.push(standing(layer, value));
  const big = el(
    "p",
    { class: `big ${value === null ? "failed" : ""}` },
    writeCell(layer, cell),
    el("small", {}, words.join(" · ")),
  );
  const change = changeOf(layer, cell);
  const sources = layer.from.length ? layer.from.map((place) => report.layers[place]) : [layer];
  return [
    close,
    names,
    aboutEnds(pair),
    big,
    change ? el("p", {}, change) : null,
    sources.map((source) => sourceDetails(source, pair, sources.length > 1)),
    report.layers.length > 1 || backOf(layer, pair)[1] >= 0 ? compared(pair) : null,
  ]
    .flat(Infinity)
    .filter((child) => child);
}

function aboutEnds(pair) {
  const about = pair.map((end) => [ends[end].zone, ...ends[end].about].filter(Boolean).join(", "));
  if (!about[0] && !about[1]) return null;
  if (about[0] === about[1]) return el("p", { class: "about" }, `both: ${about[0]}`);
  return el(
    "p",
    { class: "about pair" },
    about.map((text) => el("span", {}, text || "unknown")),
  );
}

// the tests of a pair in one layer
function sourceDetails(layer, pair, titled) {
  const cell = cellOf(layer, pair);
  const tests = testsOf(layer, cell);
  if (!tests.length) return null;
  const [backLayer, backCell] = backOf(layer, pair);
  const back = testsOf(backLayer, backCell);
  const drawing = chart([{ tests: back, faint: true }, { tests }]);
  const retests = retestsOf(layer, cell);
  return el(
    "section",
    {},
    titled ? el("h3", {}, layer.title) : null,
    drawing ? el("figure", {}, drawing, el("figcaption", {}, chartWords(tests, back, layer))) : null,
    testTable(tests, layer.kind),
    retests.length ? [el("h3", {}, "Measured again, alone"), testTable(retests, layer.kind)] : null,
  );
}

function chartWords(tests, back, layer) {
  const lines = tests.length > 1 ? "a line for each repetition" : "";
  const faint = back.some((test) => test.samples?.length) ? "dashed: the way back" : "";
  return [layer.unit, lines, faint].filter(Boolean).join(" · ");
}

// a column for each test, a row for each figure that some test has
function testTable(tests, kind) {
  const measured = tests.filter((test) => !test.failed);
  const rows = (kind === "latency" ? LATENCY_ROWS : THROUGHPUT_ROWS)
    .map(([name, get]) => [name, measured.map((test) => get(test))])
    .filter(([, texts]) => texts.some((text) => text !== null));
  const head =
    measured.length > 1
      ? el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("td"),
            measured.map((test) => el("th", { scope: "col" }, `#${test.repetition}`)),
          ),
        )
      : null;
  const body = rows.map(([name, texts]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      texts.map((text) => el("td", {}, text ?? "–")),
    ),
  );
  const failures = tests
    .filter((test) => test.failed)
    .map((test) =>
      el(
        "li",
        {},
        el("strong", {}, `#${test.repetition} failed`),
        ` ${test.attempts > 1 ? `in ${test.attempts} attempts` : ""}`,
        el("p", {}, test.reason),
        test.remedy ? el("p", { class: "remedy" }, `To do: ${test.remedy}`) : null,
      ),
    );
  return [
    measured.length
      ? el("div", { class: "wide" }, el("table", { class: "tests" }, head, el("tbody", {}, body)))
      : null,
    failures.length ? el("ul", { class: "lines" }, failures) : null,
  ];
}

const either = (value, write) => (value === null || value === undefined ? null : write(value));
const attempts = ["Attempts", (test) => (test.attempts > 1 ? String(test.attempts) : null)];
const THROUGHPUT_ROWS = [
  ["Throughput", (test) => writeRate(test.rate)],
  ["Retransmits", (test) => either(test.retransmits, count)],
  ["Round trip", (test) => either(test.roundTrip?.[0], (time) => `${timeFigure(time)} ms`)],
  [
    "least – most",
    (test) => either(test.roundTrip, ([, least, most]) => `${timeFigure(least)} – ${timeFigure(most)} ms`),
  ],
  ["CPU, sender", (test) => either(test.cpu?.[0], (percent) => `${percentFigure(percent)} %`)],
  ["CPU, receiver", (test) => either(test.cpu?.[1], (percent) => `${percentFigure(percent)} %`)],
  ["MSS", (test) => either(test.mss, (bytes) => `${count(bytes)} bytes`)],
  ["Lost", (test) => either(test.udp?.[0], (percent) => `${percentFigure(percent)} %`)],
  ["Jitter", (test) => either(test.udp?.[1], (time) => `${timeFigure(time)} ms`)],
  ["Sent at", (test) => either(test.udp?.[2], writeRate)],
  attempts,
];
const LATENCY_ROWS = [
  ["Mean", "mean"],
  ["Least", "min"],
  ["50 % within", "p50"],
  ["95 % within", "p95"],
  ["99 % within", "p99"],
  ["Most", "max"],
].map(([name, field]) => [name, (test) => `${timeFigure(test[field])} ms`]);
LATENCY_ROWS.push(["Requests", (test) => count(test.requests)], attempts);

// the pair in all layers, there and back
function compared(pair) {
  const rows = report.layers
    .filter((layer) => cellOf(layer, pair) >= 0)
    .map((layer) => {
      const [backLayer, backCell] = backOf(layer, pair);
      const texts = [
        writeCell(layer, cellOf(layer, pair)),
        backCell < 0 ? "–" : writeCell(backLayer, backCell),
      ];
      return el(
        "tr",
        { class: layer === view.layer ? "shown" : null },
        el("th", { scope: "row" }, layer.title),
        texts.map((text) => el("td", {}, text)),
      );
    });
  const head = el(
    "thead",
    {},
    el("tr", {}, el("td"), el("th", { scope: "col" }, "there"), el("th", { scope: "col" }, "back")),
  );
  return el(
    "section",
    {},
    el("h3", {}, "There and back"),
    el("div", { class: "wide" }, el("table", { class: "tests" }, head, el("tbody", {}, rows))),
  );
}
