// The controls of the page, and the updates that they trigger.

// filters and sorts the rows and columns
function arrange() {
  const { layer, order } = view;
  const text = byId("filter").value.trim().toLowerCase();
  const axis = byId("filter-axis").value;
  const terms = text.split(/[\s,]+/).filter(Boolean);
  const matches = (end) =>
    !terms.length ||
    terms.some((term) => `${endpoints[end].name} ${endpoints[end].zone ?? ""}`.toLowerCase().includes(term));
  const arranged = (list, means, isFiltered) => {
    const filtered = isFiltered ? list.filter(matches) : list;
    return sorted(filtered.length ? filtered : list, means, order);
  };
  view.rows = arranged(layer.rowEnds, layer.rowMeans, axis !== "columns");
  view.columns = layer.external
    ? layer.columnEnds
    : arranged(layer.columnEnds, layer.columnMeans, axis !== "rows");
  byId("filter").classList.toggle("unmatched", terms.length > 0 && !layer.rowEnds.some(matches));
}

function sorted(list, means, order) {
  const byName = (one, other) => collator.compare(endpoints[one].name, endpoints[other].name);
  const zone = (end) => endpoints[end].zone ?? "\uffff";
  const rank = (end) => (means[end] === null ? Infinity : scoreOf(view.layer, means[end]));
  const compare = {
    run: (one, other) => one - other,
    name: byName,
    zone: (one, other) => collator.compare(zone(one), zone(other)) || byName(one, other),
    // the difference of two infinite ranks is not a number
    mean: (one, other) => (rank(one) === rank(other) ? 0 : rank(one) - rank(other)) || byName(one, other),
  }[order];
  return [...list].sort(compare);
}

function rearrange() {
  hovered = null;
  current = null;
  view.order = byId("order").value;
  arrange();
  draw();
  fillTable();
}

const NOTES = {
  throughput: "measured at the receiver",
  latency: "mean round trip without load",
  overhead: "throughput lost compared with the other path",
  change: `compared with run ${report.baseline?.run}`,
};

function showLayer(index) {
  const [pair, highlighted] = [opened, view.highlighted];
  view.layer = report.layers[index];
  const { layer } = view;
  byId("layer").value = String(index);
  byId("matrix-title").textContent = layer.title;
  const [rows, columns] = layer.reversed ? [...rolesOf(layer)].reverse() : rolesOf(layer);
  byId("matrix-note").textContent =
    `Rows: ${rows}s. Columns: ${columns}s. Values in ${layer.unit}, ${NOTES[layer.kind]}.`;
  if (report.namePattern) byId("matrix-note").append(` Omitted from the names: ${report.namePattern}`);
  byId("grid").setAttribute("aria-label", `${layer.title}, rows: ${rows}s, columns: ${columns}s`);
  [hovered, current] = [null, null];
  arrange();
  draw();
  view.highlighted = highlighted;
  fillLegend();
  fillTiles();
  resetTable();
  if (pair && cellOf(layer, pair) >= 0) openDetails(pair, { focus: false });
}

const isDark = () =>
  (document.documentElement.dataset.theme ??
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function applyTheme() {
  byId("theme").textContent = isDark() ? "☀ Light" : "☾ Dark";
  readColors();
  if (!view.layer) return;
  draw();
  fillLegend();
}

function listenToControls() {
  byId("layer").addEventListener("change", (event) => showLayer(Number(event.target.value)));
  for (const id of ["order", "filter-axis"]) byId(id).addEventListener("change", rearrange);
  byId("filter").addEventListener("input", rearrange);
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => {
    table.shown += 5 * ROWS;
    drawTable();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeDetails() || clearHighlight();
  });
  new ResizeObserver(() => draw()).observe(byId("scroller"));
  listenToGrid();
}

function listenToTheme() {
  byId("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    applyTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
}

// prints with the light theme, at the width of the paper
function listenToPrint() {
  const { dataset } = document.documentElement;
  let previousTheme;
  window.addEventListener("beforeprint", () => {
    previousTheme = dataset.theme;
    dataset.theme = "light";
    readColors();
    draw(680);
    fillLegend();
  });
  window.addEventListener("afterprint", () => {
    if (previousTheme) dataset.theme = previousTheme;
    else delete dataset.theme;
    applyTheme();
  });
}

function start() {
  fillHeader();
  fillRunDetails();
  fillLists();
  readColors();
  if (!report.layers.length) {
    byId("matrix").hidden = byId("pairs").hidden = true;
    fillTiles();
    applyTheme();
    listenToTheme();
    return;
  }
  byId("layer").append(...report.layers.map((layer, index) => html("option", { value: index }, layer.title)));
  byId("layer-label").hidden = report.layers.length === 1;
  if (!endpoints.some((end) => end.zone)) byId("order").querySelector('[value="zone"]').remove();
  byId("controls").hidden = endpoints.length < 3;
  showLayer(0);
  applyTheme();
  listenToControls();
  listenToTheme();
  listenToPrint();
}

start();
