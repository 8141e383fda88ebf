// What the pointer and the keys do in the heat map.

// places as [row, column]: under the pointer, and where the keys are
let hovered = null;
let current = null;
// the pair whose details are open
let opened = null;

const isFocused = () => document.activeElement === byId("grid");

function drawOverlay() {
  const [width, height] = [place.totalWidth, place.totalHeight];
  overlay.clearRect(0, 0, width, height);
  if (view.highlighted) drawHighlights();
  if (opened) {
    const at = placeOf(opened);
    if (at) outline(at, colors.accent, 2);
  }
  if (current && isFocused()) {
    outline(current, colors.accent, 3);
    drawHeads(current);
  }
  if (hovered) {
    outline(hovered, colors.text, 2);
    drawHeads(hovered);
  }
}

// dims all but the pairs of a finding
function drawHighlights() {
  overlay.save();
  overlay.fillStyle = colors.surface;
  overlay.globalAlpha = 0.72;
  overlay.beginPath();
  overlay.rect(place.left, place.top, place.right - place.left, place.bottom - place.top);
  const shown = view.highlighted.map(placeOf).filter((at) => at);
  for (const [row, column] of shown) overlay.rect(leftOf(column), topOf(row), place.width, place.height);
  overlay.fill("evenodd");
  overlay.restore();
}

function placeOf(pair) {
  const [rowEnd, columnEnd] = view.layer.reversed ? swapped(pair) : pair;
  const [row, column] = [view.rows.indexOf(rowEnd), view.columns.indexOf(columnEnd)];
  return row < 0 || column < 0 ? null : [row, column];
}

function outline([row, column], color, width) {
  overlay.strokeStyle = colors.surface;
  overlay.lineWidth = width + 2;
  const rect = [
    leftOf(column) - 0.5,
    topOf(row) - 0.5,
    place.width - place.gap + 1,
    place.height - place.gap + 1,
  ];
  overlay.strokeRect(...rect);
  overlay.strokeStyle = color;
  overlay.lineWidth = width;
  overlay.strokeRect(...rect);
}

// the whole names of row and column, above whatever is there
function drawHeads([row, column]) {
  overlay.font = BOLD;
  overlay.textBaseline = "middle";
  const chip = (text, x, y, align) => {
    const width = overlay.measureText(text).width + 10;
    const left = Math.max(
      0,
      Math.min(align === "right" ? x - width : x - width / 2, place.totalWidth - width),
    );
    overlay.fillStyle = colors.text;
    overlay.beginPath();
    overlay.roundRect(left, y - 9, width, 18, 4);
    overlay.fill();
    overlay.fillStyle = colors.surface;
    overlay.textAlign = "left";
    overlay.fillText(text, left + 5, y + 0.5);
  };
  chip(ends[view.rows[row]].short, place.left - 3, topOf(row) + place.height / 2, "right");
  chip(ends[view.columns[column]].short, leftOf(column) + place.width / 2, place.top - 13, "center");
}

// what is at a point of the canvas: a cell, or a mean (with -1 for its row or column)
function hit(event) {
  const box = overlay.canvas.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const within = (at, start, step, length, end, meanSize) => {
    if (at >= start && at < end) return Math.min(Math.floor((at - start) / step), length - 1);
    const beyond = at - end - place.meanGap;
    return beyond >= 0 && beyond < meanSize ? -1 : null;
  };
  const row = within(y, place.top, place.height, view.rows.length, place.bottom, place.meanHeight);
  const column = within(x, place.left, place.width, view.columns.length, place.right, place.mean);
  return row === null || column === null ? null : [row, column];
}

const isCell = (at) => at !== null && at[0] >= 0 && at[1] >= 0;

const cellAt = ([row, column]) => cellOf(view.layer, pairAt(row, column));

const isDiagonal = (at) => stateOf(view.layer, cellAt(at)) === "d";

function onPointer(event) {
  const at = hit(event);
  hovered = isCell(at) ? at : null;
  drawOverlay();
  if (at === null || (hovered && isDiagonal(at))) return hideTip();
  showTip(hovered ? pairTip(pairAt(...at)) : meanTip(at), event.clientX, event.clientY);
}

function leave() {
  hovered = null;
  hideTip();
  drawOverlay();
}

// tells screen readers where the keys are
function announce() {
  if (!current) return;
  const [row, column] = current;
  const text = describe(pairAt(row, column));
  const { length: rows } = view.rows;
  byId("row").setAttribute("aria-rowindex", String(row + 1));
  byId("row-header").textContent = ends[view.rows[row]].name;
  byId("cell").setAttribute("aria-colindex", String(column + 1));
  byId("cell").textContent = text;
  byId("grid").setAttribute("aria-rowcount", String(rows));
  byId("grid").setAttribute("aria-colcount", String(view.columns.length));
  byId("live").textContent = text;
}

// a pair in one sentence
function describe(pair) {
  const cell = cellOf(view.layer, pair);
  const state = stateOf(view.layer, cell);
  if (state === "d") return `${ends[pair[0]].name}: a node and itself`;
  const value = view.layer.values[cell];
  const words = [`${ends[pair[0]].name} to ${ends[pair[1]].name}: ${writeCell(view.layer, cell)}`];
  if (value !== null) words.push(standing(view.layer, value));
  if (state === "v" || state === "b")
    words.push(view.layer.kind === "change" ? "by more than chance" : state === "v" ? "very bad" : "bad");
  if (someFailed(view.layer, cell)) words.push("some tests failed");
  return words.join(", ");
}

function move(rows, columns) {
  const bounded = (at, length) => Math.max(0, Math.min(at, length - 1));
  const [row, column] = current ?? [0, 0];
  current = [bounded(row + rows, view.rows.length), bounded(column + columns, view.columns.length)];
  announce();
  scrollToCurrent();
  if (opened && !isDiagonal(current)) openDetails(pairAt(...current), { focus: false });
  drawOverlay();
  const box = overlay.canvas.getBoundingClientRect();
  if (isDiagonal(current)) return hideTip();
  showTip(
    pairTip(pairAt(...current)),
    box.left + leftOf(current[1]) + place.width,
    box.top + topOf(current[0]) + place.height,
  );
}

// keeps the cell within what is seen of the page
function scrollToCurrent() {
  const scroller = byId("scroller");
  const left = leftOf(current[1]);
  if (left < scroller.scrollLeft + place.left) scroller.scrollLeft = left - place.left;
  if (left + place.width > scroller.scrollLeft + scroller.clientWidth)
    scroller.scrollLeft = left + place.width - scroller.clientWidth;
  const top = overlay.canvas.getBoundingClientRect().top + topOf(current[0]);
  if (top < 40) window.scrollBy(0, top - 40);
  if (top + place.height > innerHeight - 40) window.scrollBy(0, top + place.height - innerHeight + 40);
}

const FAR = 1e6;
const KEYS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
  Home: [0, -FAR],
  End: [0, FAR],
};

function onKey(event) {
  if (event.altKey || event.metaKey) return;
  const step = KEYS[event.key];
  if (step) {
    const ofAll = event.ctrlKey && (event.key === "Home" || event.key === "End");
    move(ofAll ? step[1] : step[0], step[1]);
  } else if (event.key === "Enter" || event.key === " ") {
    if (current && !isDiagonal(current)) openDetails(pairAt(...current), { focus: true });
  } else return;
  event.preventDefault();
}

function onClick(event) {
  const at = hit(event);
  if (!isCell(at) || isDiagonal(at)) return;
  current = at;
  announce();
  openDetails(pairAt(...at), { focus: false });
  drawOverlay();
}

function listenToGrid() {
  const grid = byId("grid");
  overlay.canvas.addEventListener("pointermove", onPointer);
  overlay.canvas.addEventListener("pointerleave", leave);
  overlay.canvas.addEventListener("click", onClick);
  grid.addEventListener("keydown", onKey);
  grid.addEventListener("focus", () => {
    current ??= [0, Math.min(1, view.columns.length - 1)];
    announce();
    drawOverlay();
  });
  grid.addEventListener("blur", () => {
    hideTip();
    drawOverlay();
  });
}
