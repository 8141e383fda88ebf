// All pairs of a layer as a sortable table.

// rows per page: thousands of them slow down the browser
const ROWS = 200;
const table = { column: 2, descending: false, shown: ROWS };

const capitalized = (text) => text[0].toUpperCase() + text.slice(1);

function columnsOf(layer) {
  const columns = rolesOf(layer).map((role, index) => {
    const name = (row) => endpoints[row.pair[index]].name;
    return { title: capitalized(role), sortKey: name, text: name };
  });
  columns.push({
    title: `${capitalized(layer.kind)} (${layer.unit})`,
    sortKey: (row) => row.value,
    text: rowValueText,
  });
  const add = (title, get, format) =>
    columns.push({ title, sortKey: get, text: (row) => (isMissing(get(row)) ? "–" : format(get(row))) });
  if (layer.median && (layer.kind === "throughput" || layer.kind === "latency"))
    add("Of median", ({ value }) => (value === null ? null : (value / layer.median) * 100), formatPercent);
  if (!layer.tests.length) return columns;
  metricsOf(layer).forEach((metric, index) => {
    if (metric.isKey)
      add(
        metric.label,
        (row) => row.mean(index),
        (mean) => formatMetric(metric, mean),
      );
  });
  return columns;
}

function rowValueText(row) {
  if (row.value === null) return row.state === "f" ? "✕ failed" : missingText(view.layer);
  return `${isMarked(view.layer, row.state) ? "▼ " : ""}${numberText(view.layer, row.value)}`;
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
    const mean = (metric) => {
      tests ??= testsOf(layer, cell);
      return meanOf(tests, metric);
    };
    rows.push({ pair, value, state, mean });
  });
  return rows;
}

// sorts the worst pair first
function resetTable() {
  Object.assign(table, { column: 2, descending: view.layer.lowerIsBetter, shown: ROWS });
  table.columns = columnsOf(view.layer);
  fillTable();
}

function fillTable() {
  table.rows = rowsOf(view.layer);
  sortTable();
}

// rows without a value come last
function sortTable() {
  const { sortKey } = table.columns[table.column];
  const keys = new Map(table.rows.map((row) => [row, sortKey(row) ?? null]));
  const sign = table.descending ? -1 : 1;
  table.rows.sort((one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "string" ? collator.compare(a, b) : a - b);
  });
  drawTable();
}

function drawTable() {
  const head = table.columns.map((column, index) => {
    const order = index === table.column ? (table.descending ? "descending" : "ascending") : null;
    const sort = () => {
      Object.assign(table, { descending: order === "ascending", column: index, shown: ROWS });
      sortTable();
      byId("pairs").querySelectorAll("thead button")[index].focus();
    };
    return html(
      "th",
      { scope: "col", "aria-sort": order },
      html("button", { type: "button", onclick: sort }, column.title),
    );
  });
  const section = byId("pairs");
  section.querySelector("thead tr").replaceChildren(...head);
  section.querySelector("tbody").replaceChildren(...table.rows.slice(0, table.shown).map(tableRow));
  const more = byId("more");
  more.hidden = table.rows.length <= table.shown;
  more.textContent = `Show more (${formatCount(table.shown)} of ${plural(table.rows.length, "pair")})`;
}

// all rows form one tab stop: arrow keys move between them
function tableRow(row, index) {
  const cells = table.columns.map((column, at) =>
    html("td", { class: at === 2 && row.value === null ? "failed" : null }, column.text(row)),
  );
  const open = (focus) => openDetails(row.pair, { focus });
  const onKey = (event) => {
    const targets = {
      ArrowUp: event.currentTarget.previousSibling,
      ArrowDown: event.currentTarget.nextSibling,
    };
    if (event.key === "Enter") open(true);
    else if (targets[event.key]) targets[event.key].focus();
    else return;
    event.preventDefault();
  };
  return html("tr", { tabindex: index ? -1 : 0, onclick: () => open(false), onkeydown: onKey }, cells);
}
