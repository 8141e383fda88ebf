// The heat map: drawn once on one canvas; what moves is drawn on another one above.

const base = byId("base").getContext("2d");
const overlay = byId("overlay").getContext("2d");
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const BOLD = `600 ${FONT}`;
// steps of the colour scale on each side of the usual
const STEPS = 48;
// what is so many times twice as good, or half as good, has the last colour
const DOUBLINGS = 2;

// what is shown
const view = { layer: report.layers[0], rows: [], columns: [], order: "run", highlighted: null };
// where it is, in CSS pixels
const place = {};
let colors = {};

// 0 is usual, -1 the worst colour, 1 the best; small differences get more than their share
function shadeOf(part) {
  const doublings = Math.log2(Math.max(part, 1e-9)) / DOUBLINGS;
  return Math.sign(doublings) * Math.min(1, Math.abs(doublings)) ** 0.8;
}

const shade = (layer, value) => shadeOf(goodness(layer, value));

// the colours of the theme, from the style sheet
function readColors() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const stops = ["worse-3", "worse-2", "worse-1", "usual", "better-1", "better-2", "better-3"].map((name) =>
    channels(read(name)),
  );
  const scale = Array.from({ length: 2 * STEPS + 1 }, (_, step) => between(stops, step / (2 * STEPS)));
  colors = {
    scale: scale.map((rgb) => `rgb(${rgb.map(Math.round).join(" ")})`),
    ink: scale.map(([red, green, blue]) =>
      red * 0.299 + green * 0.587 + blue * 0.114 > 140 ? read("ink-dark") : read("ink-light"),
    ),
  };
  for (const name of ["text", "muted", "surface", "line", "accent", "failed", "failed-surface"])
    colors[name] = read(name);
  colors.hatch = hatch();
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function between(stops, part) {
  const at = part * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((channel, place) => channel + (stops[low + 1][place] - channel) * (at - low));
}

const stepOf = (layer, value) => Math.round((shade(layer, value) + 1) * STEPS);

function hatch() {
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

// makes a text no wider than `width`, without its middle
function shortened(text, width) {
  if (base.measureText(text).width <= width) return text;
  let kept = text.length;
  const end = () => text.slice(text.length - Math.floor(kept / 2));
  const cut = () => `${text.slice(0, Math.ceil(kept / 2))}…${end()}`;
  while (kept > 2 && base.measureText(cut()).width > width) kept -= 1;
  return cut();
}

// decides where everything is
function layOut(available) {
  const [rows, columns] = [view.rows, view.columns];
  base.font = FONT;
  const width = (text) => base.measureText(text).width;
  const widest = (list) => list.reduce((most, end) => Math.max(most, width(ends[end].short)), width("mean"));
  const label = Math.min(150, widest(rows));
  place.zones = view.order === "zone" && ends.some((end) => end.zone) ? 20 : 0;
  place.left = Math.ceil(label) + 12 + place.zones;
  const room = available - place.left - 40;
  const wide = Math.floor(room / (columns.length + 1));
  place.width = Math.max(5, Math.min(wide, 92));
  place.height = place.width >= 44 ? 36 : Math.max(5, Math.min(place.width, 36));
  place.gap = place.width >= 10 ? 1 : 0;
  const columnLabel = Math.min(150, widest(columns));
  place.turned = columnLabel + 8 > place.width;
  place.steep = place.width < 20;
  const above = Math.ceil(place.steep ? columnLabel : columnLabel * 0.75);
  place.top = (place.turned ? above : 14) + 10;
  place.meanGap = 8;
  place.mean = Math.max(place.width, 14);
  place.meanHeight = Math.max(place.height, 14);
  place.right = place.left + columns.length * place.width;
  place.bottom = place.top + rows.length * place.height;
  // what is turned reaches out to the right
  const reach = place.turned && !place.steep ? above : 0;
  place.totalWidth = Math.max(place.right + place.meanGap + place.mean, place.right + reach) + 4;
  place.totalHeight = place.bottom + place.meanGap + place.meanHeight + 4;
}

function size(context) {
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  const canvas = context.canvas;
  canvas.width = Math.round(place.totalWidth * ratio);
  canvas.height = Math.round(place.totalHeight * ratio);
  canvas.style.width = `${place.totalWidth}px`;
  canvas.style.height = `${place.totalHeight}px`;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
}

const leftOf = (column) => place.left + column * place.width;
const topOf = (row) => place.top + row * place.height;

// the pair at a place of the matrix
function pairAt(row, column) {
  const pair = [view.rows[row], view.columns[column]];
  return view.layer.reversed ? swapped(pair) : pair;
}

function draw(width = byId("scroller").clientWidth - 16) {
  layOut(width);
  size(base);
  size(overlay);
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
  const [width, height] = [place.width - place.gap, place.height - place.gap];
  const value = layer.values[cell];
  const state = stateOf(layer, cell);
  if (value === null) return drawEmpty(state, left, top, width, height);
  drawFigure(value, left, top, width, height);
  if (isMarked(layer, state)) drawTriangle(left, top, width, height, colors.ink[stepOf(layer, value)]);
  if (someFailed(layer, cell)) drawCorner(left, top, Math.min(width, height) / 3);
}

function drawFigure(value, left, top, width, height) {
  const step = stepOf(view.layer, value);
  base.fillStyle = colors.scale[step];
  base.fillRect(left, top, width, height);
  if (width < 43) return;
  base.fillStyle = colors.ink[step];
  base.font = FONT;
  base.textAlign = "center";
  base.fillText(figure(view.layer, value), left + width / 2, top + height / 2 + 0.5, width - 4);
}

function drawEmpty(state, left, top, width, height) {
  // a node and itself: nothing to see
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

// beside the figure where there is one, else in the middle
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

// the corner of a cell whose figure is the mean of some tests only
function drawCorner(left, top, length) {
  const right = left + place.width - place.gap;
  base.fillStyle = colors.failed;
  base.beginPath();
  base.moveTo(right - length, top);
  base.lineTo(right, top);
  base.lineTo(right, top + length);
  base.fill();
}

function drawLabels() {
  const every = (step) => Math.max(1, Math.ceil(14 / step));
  base.font = FONT;
  base.fillStyle = colors.muted;
  view.rows.forEach((end, row) => {
    if (row % every(place.height)) return;
    base.textAlign = "right";
    base.fillText(shortened(ends[end].short, 150), place.left - 8, topOf(row) + place.height / 2);
  });
  view.columns.forEach((end, column) => {
    if (column % every(place.width)) return;
    drawColumnLabel(shortened(ends[end].short, 150), leftOf(column) + place.width / 2);
  });
  drawColumnLabel("mean", place.right + place.meanGap + place.mean / 2);
  base.textAlign = "right";
  base.fillText("mean", place.left - 8, place.bottom + place.meanGap + place.meanHeight / 2);
}

function drawColumnLabel(text, x) {
  if (!place.turned) {
    base.textAlign = "center";
    base.fillText(text, x, place.top - 12);
    return;
  }
  base.save();
  base.translate(x, place.top - 6);
  base.rotate(place.steep ? -Math.PI / 2 : -Math.PI / 4);
  base.textAlign = "left";
  base.fillText(text, 0, 0);
  base.restore();
}

function drawMeans() {
  const { layer } = view;
  const mean = (value, left, top, width, height) => {
    if (value !== null && value !== undefined)
      drawFigure(value, left, top, width - place.gap, height - place.gap);
  };
  const right = place.right + place.meanGap;
  const below = place.bottom + place.meanGap;
  view.rows.forEach((end, row) => mean(layer.rowMeans[end], right, topOf(row), place.mean, place.height));
  view.columns.forEach((end, column) => {
    mean(layer.columnMeans[layer.outside ? 0 : end], leftOf(column), below, place.width, place.meanHeight);
  });
  mean(layer.mean, right, below, place.mean, place.meanHeight);
}

// lines between zones, and their names beside the rows
function drawZones() {
  if (!place.zones) return;
  const zone = (list, at) => (at >= 0 && at < list.length ? (ends[list[at]].zone ?? "") : null);
  base.fillStyle = colors.text;
  view.columns.forEach((_, at) => {
    if (at && zone(view.columns, at) !== zone(view.columns, at - 1))
      base.fillRect(leftOf(at) - 1, place.top, 1, place.bottom - place.top);
  });
  base.font = BOLD;
  base.textAlign = "center";
  let start = 0;
  view.rows.forEach((_, at) => {
    if (at && zone(view.rows, at) !== zone(view.rows, at - 1))
      base.fillRect(place.left, topOf(at) - 1, place.right - place.left, 1);
    if (zone(view.rows, at + 1) === zone(view.rows, at)) return;
    base.save();
    base.translate(8, (topOf(start) + topOf(at + 1)) / 2);
    base.rotate(-Math.PI / 2);
    base.fillText(shortened(zone(view.rows, at), topOf(at + 1) - topOf(start)), 0, 0);
    base.restore();
    start = at + 1;
  });
}
