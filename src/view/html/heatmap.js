// The heat map. Cells are drawn once on the base canvas; highlights and outlines on an overlay above.

const base = byId("base").getContext("2d");
const overlay = byId("overlay").getContext("2d");
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const BOLD = `600 ${FONT}`;
// steps of the color scale on each side of the median
const STEPS = 48;
// the scale ends at a score of 2 ** DOUBLINGS and at its inverse
const DOUBLINGS = 2;

// what is shown: indices of endpoints as rows and columns
const view = { layer: report.layers[0], rows: [], columns: [], order: "run", highlighted: null };
// positions and sizes in CSS pixels
const layout = {};
let colors = {};

// maps a score to -1 (worst color) to 1 (best color), 0 for the median; the exponent increases the
// contrast of small differences
function scoreShade(score) {
  const doublings = Math.log2(Math.max(score, 1e-9)) / DOUBLINGS;
  return Math.sign(doublings) * Math.min(1, Math.abs(doublings)) ** 0.8;
}

const shadeOf = (layer, value) => scoreShade(scoreOf(layer, value));

// reads the colors of the theme from the style sheet
function readColors() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const stops = ["worse-3", "worse-2", "worse-1", "median", "better-1", "better-2", "better-3"].map((name) =>
    channels(read(name)),
  );
  const scale = Array.from({ length: 2 * STEPS + 1 }, (_, step) => interpolate(stops, step / (2 * STEPS)));
  colors = {
    scale: scale.map((rgb) => `rgb(${rgb.map(Math.round).join(" ")})`),
    ink: scale.map(([red, green, blue]) =>
      red * 0.299 + green * 0.587 + blue * 0.114 > 140 ? read("ink-dark") : read("ink-light"),
    ),
  };
  for (const name of ["text", "muted", "surface", "line", "accent", "failed", "failed-surface"])
    colors[name] = read(name);
  colors.hatch = hatchPattern();
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function interpolate(stops, position) {
  const at = position * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((channel, index) => channel + (stops[low + 1][index] - channel) * (at - low));
}

const stepOf = (layer, value) => Math.round((shadeOf(layer, value) + 1) * STEPS);

function hatchPattern() {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const context = tile.getContext("2d");
  context.fillStyle = colors["failed-surface"];
  context.fillRect(0, 0, 6, 6);
  context.strokeStyle = colors.failed;
  context.globalAlpha = 0.45;
  context.beginPath();
  for (const start of [-6, 0, 6]) {
    context.moveTo(start, 6);
    context.lineTo(start + 6, 0);
  }
  context.stroke();
  return base.createPattern(tile, "repeat");
}

// omits the middle of a text that is wider than `width`
function shortened(text, width) {
  if (base.measureText(text).width <= width) return text;
  let kept = text.length;
  const end = () => text.slice(text.length - Math.floor(kept / 2));
  const cut = () => `${text.slice(0, Math.ceil(kept / 2))}…${end()}`;
  while (kept > 2 && base.measureText(cut()).width > width) kept -= 1;
  return cut();
}

function updateLayout(available) {
  const [rows, columns] = [view.rows, view.columns];
  base.font = FONT;
  const width = (text) => base.measureText(text).width;
  const widest = (list) =>
    list.reduce((most, end) => Math.max(most, width(endpoints[end].shortName)), width("mean"));
  const label = Math.min(150, widest(rows));
  layout.zones = view.order === "zone" && endpoints.some((end) => end.zone) ? 20 : 0;
  layout.left = Math.ceil(label) + 12 + layout.zones;
  const room = available - layout.left - 40;
  const wide = Math.floor(room / (columns.length + 1));
  layout.width = Math.max(5, Math.min(wide, 92));
  layout.height = layout.width >= 44 ? 36 : Math.max(5, Math.min(layout.width, 36));
  layout.gap = layout.width >= 10 ? 1 : 0;
  const columnLabel = Math.min(150, widest(columns));
  layout.hasRotatedLabels = columnLabel + 8 > layout.width;
  layout.hasVerticalLabels = layout.width < 20;
  const above = Math.ceil(layout.hasVerticalLabels ? columnLabel : columnLabel * 0.75);
  layout.top = (layout.hasRotatedLabels ? above : 14) + 10;
  layout.meanGap = 8;
  layout.mean = Math.max(layout.width, 14);
  layout.meanHeight = Math.max(layout.height, 14);
  layout.right = layout.left + columns.length * layout.width;
  layout.bottom = layout.top + rows.length * layout.height;
  // diagonal labels extend beyond the last column
  const reach = layout.hasRotatedLabels && !layout.hasVerticalLabels ? above : 0;
  layout.totalWidth = Math.max(layout.right + layout.meanGap + layout.mean, layout.right + reach) + 4;
  layout.totalHeight = layout.bottom + layout.meanGap + layout.meanHeight + 4;
}

function resizeCanvas(context) {
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  const canvas = context.canvas;
  canvas.width = Math.round(layout.totalWidth * ratio);
  canvas.height = Math.round(layout.totalHeight * ratio);
  canvas.style.width = `${layout.totalWidth}px`;
  canvas.style.height = `${layout.totalHeight}px`;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
}

const leftOf = (column) => layout.left + column * layout.width;
const topOf = (row) => layout.top + row * layout.height;

// the pair at a row and column of the shown matrix
function pairAt(row, column) {
  const pair = [view.rows[row], view.columns[column]];
  return view.layer.reversed ? swapped(pair) : pair;
}

function draw(width = byId("scroller").clientWidth - 16) {
  updateLayout(width);
  resizeCanvas(base);
  resizeCanvas(overlay);
  base.textBaseline = "middle";
  drawLabels();
  view.rows.forEach((_, row) =>
    view.columns.forEach((_, column) => {
      drawCell(cellOf(view.layer, pairAt(row, column)), leftOf(column), topOf(row));
    }),
  );
  drawMeans();
  drawZones();
  drawOverlay();
}

function drawCell(cell, left, top) {
  const { layer } = view;
  const [width, height] = [layout.width - layout.gap, layout.height - layout.gap];
  const value = layer.values[cell];
  const state = stateOf(layer, cell);
  if (value === null) return drawEmpty(state, left, top, width, height);
  drawValue(value, left, top, width, height);
  if (isMarked(layer, state)) drawTriangle(left, top, width, height, colors.ink[stepOf(layer, value)]);
  if (someFailed(layer, cell)) drawCorner(left, top, Math.min(width, height) / 3);
}

function drawValue(value, left, top, width, height) {
  const step = stepOf(view.layer, value);
  base.fillStyle = colors.scale[step];
  base.fillRect(left, top, width, height);
  if (width < 43) return;
  base.fillStyle = colors.ink[step];
  base.font = FONT;
  base.textAlign = "center";
  base.fillText(numberText(view.layer, value), left + width / 2, top + height / 2 + 0.5, width - 4);
}

function drawEmpty(state, left, top, width, height) {
  // the diagonal stays empty
  if (state === "d") return;
  if (state === "f") {
    base.fillStyle = colors.hatch;
    base.fillRect(left, top, width, height);
    drawCross(left + width / 2, top + height / 2, Math.min(width, height) * 0.26);
  } else {
    base.fillStyle = colors.muted;
    const dot = Math.max(1, Math.min(width, height) / 8);
    base.fillRect(left + (width - dot) / 2, top + (height - dot) / 2, dot, dot);
  }
}

function drawCross(x, y, arm) {
  base.strokeStyle = colors.failed;
  base.lineWidth = Math.max(1, Math.min(2, arm / 2));
  base.beginPath();
  base.moveTo(x - arm, y - arm);
  base.lineTo(x + arm, y + arm);
  base.moveTo(x + arm, y - arm);
  base.lineTo(x - arm, y + arm);
  base.stroke();
}

// next to the number if the cell has one, otherwise centered
function drawTriangle(left, top, width, height, color) {
  const half = Math.min(width >= 43 ? 4 : width * 0.3, 5);
  const [x, y] = [width >= 43 ? left + 8 : left + width / 2, width >= 43 ? top + 8 : top + height / 2];
  base.fillStyle = color;
  base.beginPath();
  base.moveTo(x - half, y - half * 0.8);
  base.lineTo(x + half, y - half * 0.8);
  base.lineTo(x, y + half * 0.9);
  base.fill();
}

// marks a cell with failed tests besides successful ones
function drawCorner(left, top, length) {
  const right = left + layout.width - layout.gap;
  base.fillStyle = colors.failed;
  base.beginPath();
  base.moveTo(right - length, top);
  base.lineTo(right, top);
  base.lineTo(right, top + length);
  base.fill();
}

function drawLabels() {
  // labels every n-th row or column so that labels do not overlap
  const every = (step) => Math.max(1, Math.ceil(14 / step));
  base.font = FONT;
  base.fillStyle = colors.muted;
  view.rows.forEach((end, row) => {
    if (row % every(layout.height)) return;
    base.textAlign = "right";
    base.fillText(shortened(endpoints[end].shortName, 150), layout.left - 8, topOf(row) + layout.height / 2);
  });
  view.columns.forEach((end, column) => {
    if (column % every(layout.width)) return;
    drawColumnLabel(shortened(endpoints[end].shortName, 150), leftOf(column) + layout.width / 2);
  });
  drawColumnLabel("mean", layout.right + layout.meanGap + layout.mean / 2);
  base.textAlign = "right";
  base.fillText("mean", layout.left - 8, layout.bottom + layout.meanGap + layout.meanHeight / 2);
}

function drawColumnLabel(text, x) {
  if (!layout.hasRotatedLabels) {
    base.textAlign = "center";
    base.fillText(text, x, layout.top - 12);
    return;
  }
  base.save();
  base.translate(x, layout.top - 6);
  base.rotate(layout.hasVerticalLabels ? -Math.PI / 2 : -Math.PI / 4);
  base.textAlign = "left";
  base.fillText(text, 0, 0);
  base.restore();
}

function drawMeans() {
  const { layer } = view;
  const mean = (value, left, top, width, height) => {
    if (value !== null && value !== undefined)
      drawValue(value, left, top, width - layout.gap, height - layout.gap);
  };
  const right = layout.right + layout.meanGap;
  const below = layout.bottom + layout.meanGap;
  view.rows.forEach((end, row) => mean(layer.rowMeans[end], right, topOf(row), layout.mean, layout.height));
  view.columns.forEach((end, column) => {
    mean(layer.columnMeans[layer.external ? 0 : end], leftOf(column), below, layout.width, layout.meanHeight);
  });
  mean(layer.mean, right, below, layout.mean, layout.meanHeight);
}

// lines between zones, and zone names next to the rows
function drawZones() {
  if (!layout.zones) return;
  const zone = (list, at) => (at >= 0 && at < list.length ? (endpoints[list[at]].zone ?? "") : null);
  base.fillStyle = colors.text;
  view.columns.forEach((_, at) => {
    if (at && zone(view.columns, at) !== zone(view.columns, at - 1))
      base.fillRect(leftOf(at) - 1, layout.top, 1, layout.bottom - layout.top);
  });
  base.font = BOLD;
  base.textAlign = "center";
  let start = 0;
  view.rows.forEach((_, at) => {
    if (at && zone(view.rows, at) !== zone(view.rows, at - 1))
      base.fillRect(layout.left, topOf(at) - 1, layout.right - layout.left, 1);
    if (zone(view.rows, at + 1) === zone(view.rows, at)) return;
    base.save();
    base.translate(8, (topOf(start) + topOf(at + 1)) / 2);
    base.rotate(-Math.PI / 2);
    base.fillText(shortened(zone(view.rows, at), topOf(at + 1) - topOf(start)), 0, 0);
    base.restore();
    start = at + 1;
  });
}
