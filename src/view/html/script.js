// The controls of the page, and what is drawn again when they change.

// which nodes are shown, and in which order
function arrange() {
  const { layer, order } = view;
  const text = byId("filter").value.trim().toLowerCase();
  const filterAs = byId("filter-as").value;
  const terms = text.split(/[\s,]+/).filter(Boolean);
  const matches = (end) =>
    !terms.length ||
    terms.some((term) => `${ends[end].name} ${ends[end].zone ?? ""}`.toLowerCase().includes(term));
  const arranged = (list, means, filtered) => {
    const some = filtered ? list.filter(matches) : list;
    return sorted(some.length ? some : list, means, order);
  };
  view.rows = arranged(layer.rowEnds, layer.rowMeans, filterAs !== "columns");
  view.columns = layer.outside
    ? layer.columnEnds
    : arranged(layer.columnEnds, layer.columnMeans, filterAs !== "rows");
  byId("filter").classList.toggle("unmatched", terms.length > 0 && !layer.rowEnds.some(matches));
}

function sorted(list, means, order) {
  const byName = (one, other) => names.compare(ends[one].name, ends[other].name);
  const rank = (end) => (means[end] === null ? Infinity : goodness(view.layer, means[end]));
  const compare = {
    run: (one, other) => one - other,
    name: byName,
    zone: (one, other) =>
      names.compare(ends[one].zone ?? "\uffff", ends[other].zone ?? "\uffff") || byName(one, other),
    // two that have no mean are alike
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

function showLayer(place) {
  const [pair, highlighted] = [opened, view.highlighted];
  view.layer = report.layers[place];
  const { layer } = view;
  byId("layer").value = String(place);
  byId("matrix-title").textContent = layer.title;
  const [rows, columns] = layer.reversed ? [...verbs(layer)].reverse() : verbs(layer);
  const note = {
    throughput: "as the receiver counted",
    latency: "the mean time of an answer, without load",
    cost: "the part of the other path's throughput that is missing",
    change: `against run ${report.comparison?.base}`,
  }[layer.kind];
  byId("matrix-note").textContent = `Rows: who ${rows}. Columns: who ${columns}. In ${layer.unit}, ${note}.`;
  if (report.shared) byId("matrix-note").append(` Names without what all share: ${report.shared}`);
  byId("grid").setAttribute("aria-label", `${layer.title}, rows: who ${rows}, columns: who ${columns}`);
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

function listen() {
  byId("layer").addEventListener("change", (event) => showLayer(Number(event.target.value)));
  for (const id of ["order", "filter-as"]) byId(id).addEventListener("change", rearrange);
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

// paper is light, and as wide as it is
function listenToPrint() {
  const { dataset } = document.documentElement;
  let before;
  window.addEventListener("beforeprint", () => {
    before = dataset.theme;
    dataset.theme = "light";
    readColors();
    draw(680);
    fillLegend();
  });
  window.addEventListener("afterprint", () => {
    if (before) dataset.theme = before;
    else delete dataset.theme;
    applyTheme();
  });
}

function start() {
  fillHead();
  fillLists();
  readColors();
  if (!report.layers.length) {
    byId("matrix").hidden = byId("pairs").hidden = true;
    fillTiles();
    applyTheme();
    listenToTheme();
    return;
  }
  byId("layer").append(...report.layers.map((layer, place) => el("option", { value: place }, layer.title)));
  byId("layer-label").hidden = report.layers.length === 1;
  if (!ends.some((end) => end.zone)) byId("order").querySelector('[value="zone"]').remove();
  byId("controls").hidden = ends.length < 3;
  showLayer(0);
  applyTheme();
  listen();
  listenToTheme();
  listenToPrint();
}

start();
