// All pairs of a layer as a table.

// how many rows come at once: thousands of them make a page slow
const ROWS = 200;
const table = { column: 2, descending: false, shown: ROWS };

function columnsOf(layer) {
  const latency = layer.kind === "latency";
  const [first, second] = latency ? ["Client", "Server"] : ["Sender", "Receiver"];
  const columns = [
    { title: first, sort: (row) => ends[row.pair[0]].name, text: (row) => ends[row.pair[0]].name },
    { title: second, sort: (row) => ends[row.pair[1]].name, text: (row) => ends[row.pair[1]].name },
    {
      title: `${layer.kind[0].toUpperCase()}${layer.kind.slice(1)}, ${layer.unit}`,
      sort: (row) => row.value,
      text: valueText,
    },
  ];
  const add = (title, get, write) =>
    columns.push({ title, sort: (row) => get(row), text: (row) => either(get(row), write) ?? "–" });
  if (layer.usual && layer.kind !== "change")
    add(
      "Of median",
      (row) => either(row.value, (value) => (value / layer.usual) * 100),
      (percent) => `${percentFigure(percent)} %`,
    );
  const fields = latency
    ? [
        ["p50, ms", (test) => test.p50, timeFigure],
        ["p99, ms", (test) => test.p99, timeFigure],
        ["Most, ms", (test) => test.max, timeFigure],
      ]
    : [
        ["Retransmits", (test) => test.retransmits, (number) => count(Math.round(number))],
        ["Round trip, ms", (test) => test.roundTrip?.[0], timeFigure],
        ["CPU sender, %", (test) => test.cpu?.[0], percentFigure],
        ["CPU receiver, %", (test) => test.cpu?.[1], percentFigure],
        ["Lost, %", (test) => test.udp?.[0], percentFigure],
      ];
  // only what some test has
  const all = layer.tests.flat().map(readHead);
  for (const [title, get, write] of fields) {
    if (all.some((test) => either(get(test), () => true))) add(title, (row) => row.mean(get), write);
  }
  return columns;
}

// a test without its samples, which no row shows
const readHead = (test) =>
  test.length === 9 ? readTest([...test.slice(0, 8), [null, [], null, null]]) : readTest(test);

function valueText(row) {
  if (row.value === null) return row.state === "f" ? "✕ failed" : missing(view.layer);
  return `${isMarked(view.layer, row.state) ? "▼ " : ""}${figure(view.layer, row.value)}`;
}

function rowsOf(layer) {
  const rows = [];
  const [shownRows, shownColumns] = [new Set(view.rows), new Set(view.columns)];
  layer.values.forEach((value, cell) => {
    const state = stateOf(layer, cell);
    if (state === "d" || state === "n") return;
    const pair = pairOf(layer, cell);
    const [row, column] = layer.reversed ? swapped(pair) : pair;
    if (!shownRows.has(row) || !shownColumns.has(column)) return;
    let tests = null;
    const mean = (get) => {
      tests ??= (layer.tests[cell] ?? []).map(readHead);
      return meanOf(tests, get);
    };
    rows.push({ pair, value, state, mean });
  });
  return rows;
}

// worst first, what has no figure last
function resetTable() {
  const { kind } = view.layer;
  Object.assign(table, { column: 2, descending: kind === "latency" || kind === "cost", shown: ROWS });
  table.columns = columnsOf(view.layer);
  fillTable();
}

function fillTable() {
  table.rows = rowsOf(view.layer);
  sortTable();
}

function sortTable() {
  const { sort } = table.columns[table.column];
  const keys = new Map(table.rows.map((row) => [row, sort(row) ?? null]));
  const sign = table.descending ? -1 : 1;
  table.rows.sort((one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "string" ? names.compare(a, b) : a - b);
  });
  drawTable();
}

function drawTable() {
  const head = table.columns.map((column, place) => {
    const sorted = place === table.column ? (table.descending ? "descending" : "ascending") : null;
    const sort = () => {
      Object.assign(table, { descending: sorted === "ascending", column: place, shown: ROWS });
      sortTable();
      byId("pairs").querySelectorAll("thead button")[place].focus();
    };
    return el(
      "th",
      { scope: "col", "aria-sort": sorted },
      el("button", { type: "button", onclick: sort }, column.title),
    );
  });
  const section = byId("pairs");
  section.querySelector("thead tr").replaceChildren(...head);
  section.querySelector("tbody").replaceChildren(...table.rows.slice(0, table.shown).map(drawRow));
  const more = byId("more");
  more.hidden = table.rows.length <= table.shown;
  more.textContent = `Show more: ${count(table.shown)} of ${plural(table.rows.length, "pair")} shown`;
}

// one tab stop for all rows: arrow keys go from one to the next
function drawRow(row, place) {
  const cells = table.columns.map((column, at) =>
    el("td", { class: at === 2 && row.value === null ? "failed" : null }, column.text(row)),
  );
  const open = (focus) => openDetails(row.pair, { focus });
  const key = (event) => {
    const to = { ArrowUp: event.currentTarget.previousSibling, ArrowDown: event.currentTarget.nextSibling };
    if (event.key === "Enter") open(true);
    else if (to[event.key]) to[event.key].focus();
    else return;
    event.preventDefault();
  };
  return el("tr", { tabindex: place ? -1 : 0, onclick: () => open(false), onkeydown: key }, cells);
}
