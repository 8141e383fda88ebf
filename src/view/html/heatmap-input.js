// Pointer and keyboard input of the heat map.

// positions as [row, column]: under the pointer, and the keyboard cursor
let hovered = null;
let current = null;
// the pair whose details are shown
let opened = null;

const isFocused = () => document.activeElement === byId("grid");

function drawOverlay() {
  const [width, height] = [layout.totalWidth, layout.totalHeight];
  overlay.clearRect(0, 0, width, height);
  if (view.highlighted) drawHighlights();
  if (opened) {
    const position = positionOf(opened);
    if (position) outline(position, colors.accent, 2);
  }
  if (current && isFocused()) {
    outline(current, colors.accent, 3);
    drawHeaders(current);
  }
  if (hovered) {
    outline(hovered, colors.text, 2);
    drawHeaders(hovered);
  }
}

// dims all cells but the highlighted pairs
function drawHighlights() {
  overlay.save();
  overlay.fillStyle = colors.surface;
  overlay.globalAlpha = 0.72;
  overlay.beginPath();
  overlay.rect(layout.left, layout.top, layout.right - layout.left, layout.bottom - layout.top);
  const shown = view.highlighted.map(positionOf).filter((position) => position);
  for (const [row, column] of shown) overlay.rect(leftOf(column), topOf(row), layout.width, layout.height);
  overlay.fill("evenodd");
  overlay.restore();
}

// null if the pair is filtered out
function positionOf(pair) {
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
    layout.width - layout.gap + 1,
    layout.height - layout.gap + 1,
  ];
  overlay.strokeRect(...rect);
  overlay.strokeStyle = color;
  overlay.lineWidth = width;
  overlay.strokeRect(...rect);
}

// short names of row and column, on top of the labels
function drawHeaders([row, column]) {
  overlay.font = BOLD;
  overlay.textBaseline = "middle";
  const chip = (text, x, y, align) => {
    const width = overlay.measureText(text).width + 10;
    const left = Math.max(
      0,
      Math.min(align === "right" ? x - width : x - width / 2, layout.totalWidth - width),
    );
    overlay.fillStyle = colors.text;
    overlay.beginPath();
    overlay.roundRect(left, y - 9, width, 18, 4);
    overlay.fill();
    overlay.fillStyle = colors.surface;
    overlay.textAlign = "left";
    overlay.fillText(text, left + 5, y + 0.5);
  };
  chip(endpoints[view.rows[row]].shortName, layout.left - 3, topOf(row) + layout.height / 2, "right");
  chip(
    endpoints[view.columns[column]].shortName,
    leftOf(column) + layout.width / 2,
    layout.top - 13,
    "center",
  );
}

// the position at a point of the canvas: a cell, or a mean with -1 as its row or column
function positionAt(event) {
  const box = overlay.canvas.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const within = (at, start, step, length, end, meanSize) => {
    if (at >= start && at < end) return Math.min(Math.floor((at - start) / step), length - 1);
    const beyond = at - end - layout.meanGap;
    return beyond >= 0 && beyond < meanSize ? -1 : null;
  };
  const row = within(y, layout.top, layout.height, view.rows.length, layout.bottom, layout.meanHeight);
  const column = within(x, layout.left, layout.width, view.columns.length, layout.right, layout.mean);
  return row === null || column === null ? null : [row, column];
}

const isCell = (position) => position !== null && position[0] >= 0 && position[1] >= 0;

const cellAt = ([row, column]) => cellOf(view.layer, pairAt(row, column));

const isDiagonal = (position) => stateOf(view.layer, cellAt(position)) === "d";

function onPointerMove(event) {
  const position = positionAt(event);
  hovered = isCell(position) ? position : null;
  drawOverlay();
  if (position === null || (hovered && isDiagonal(position))) return hideTooltip();
  const content = hovered ? pairTooltip(pairAt(...position)) : meanTooltip(position);
  showTooltip(content, event.clientX, event.clientY);
}

function onPointerLeave() {
  hovered = null;
  hideTooltip();
  drawOverlay();
}

// announces the cell at the keyboard cursor to screen readers
function announce() {
  if (!current) return;
  const [row, column] = current;
  const text = describePair(pairAt(row, column));
  const { length: rows } = view.rows;
  byId("row").setAttribute("aria-rowindex", String(row + 1));
  byId("row-header").textContent = endpoints[view.rows[row]].name;
  byId("cell").setAttribute("aria-colindex", String(column + 1));
  byId("cell").textContent = text;
  byId("grid").setAttribute("aria-rowcount", String(rows));
  byId("grid").setAttribute("aria-colcount", String(view.columns.length));
  byId("live").textContent = text;
}

const LEVELS = {
  throughput: { b: "slow", v: "very slow" },
  latency: { b: "high", v: "very high" },
  overhead: { b: "high", v: "very high" },
  change: { b: "significant", v: "significant" },
};

// a pair in one sentence
function describePair(pair) {
  const { layer } = view;
  const cell = cellOf(layer, pair);
  const state = stateOf(layer, cell);
  const [first, second] = pair.map((end) => endpoints[end].name);
  if (state === "d") return `${first}: same node`;
  const value = layer.values[cell];
  const parts = [`${first} to ${second}: ${cellText(layer, cell)}`];
  if (value !== null) parts.push(referenceText(layer, value));
  if (LEVELS[layer.kind][state]) parts.push(LEVELS[layer.kind][state]);
  if (someFailed(layer, cell)) parts.push("some tests failed");
  if (isDoubtful(layer, cell)) parts.push("doubtful: see the notes");
  return parts.join(", ");
}

function moveCursor(rows, columns) {
  const bounded = (at, length) => Math.max(0, Math.min(at, length - 1));
  const [row, column] = current ?? [0, 0];
  current = [bounded(row + rows, view.rows.length), bounded(column + columns, view.columns.length)];
  announce();
  scrollToCursor();
  if (opened && !isDiagonal(current)) openDetails(pairAt(...current), { focus: false });
  drawOverlay();
  const box = overlay.canvas.getBoundingClientRect();
  if (isDiagonal(current)) return hideTooltip();
  showTooltip(
    pairTooltip(pairAt(...current)),
    box.left + leftOf(current[1]) + layout.width,
    box.top + topOf(current[0]) + layout.height,
  );
}

// scrolls the cell at the cursor into view
function scrollToCursor() {
  const scroller = byId("scroller");
  const left = leftOf(current[1]);
  if (left < scroller.scrollLeft + layout.left) scroller.scrollLeft = left - layout.left;
  if (left + layout.width > scroller.scrollLeft + scroller.clientWidth)
    scroller.scrollLeft = left + layout.width - scroller.clientWidth;
  const top = overlay.canvas.getBoundingClientRect().top + topOf(current[0]);
  if (top < 40) window.scrollBy(0, top - 40);
  if (top + layout.height > innerHeight - 40) window.scrollBy(0, top + layout.height - innerHeight + 40);
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
    const isCorner = event.ctrlKey && (event.key === "Home" || event.key === "End");
    moveCursor(isCorner ? step[1] : step[0], step[1]);
  } else if (event.key === "Enter" || event.key === " ") {
    if (current && !isDiagonal(current)) openDetails(pairAt(...current), { focus: true });
  } else return;
  event.preventDefault();
}

function onClick(event) {
  const position = positionAt(event);
  if (!isCell(position) || isDiagonal(position)) return;
  current = position;
  announce();
  openDetails(pairAt(...position), { focus: false });
  drawOverlay();
}

function listenToGrid() {
  const grid = byId("grid");
  overlay.canvas.addEventListener("pointermove", onPointerMove);
  overlay.canvas.addEventListener("pointerleave", onPointerLeave);
  overlay.canvas.addEventListener("click", onClick);
  grid.addEventListener("keydown", onKey);
  grid.addEventListener("focus", () => {
    current ??= [0, Math.min(1, view.columns.length - 1)];
    announce();
    drawOverlay();
  });
  grid.addEventListener("blur", () => {
    hideTooltip();
    drawOverlay();
  });
}
