// The data of the page, and queries on it. An endpoint is an index of `report.endpoints`; a pair is
// [sender, receiver], or [client, server].

const report = JSON.parse(byId("data").textContent);
const { endpoints } = report;
const collator = new Intl.Collator("en", { numeric: true });

for (const layer of report.layers) {
  layer.size = endpoints.length - (layer.external ? 1 : 0);
  layer.columnEnds = layer.external ? [layer.size] : [...Array(layer.size).keys()];
  layer.rowEnds = [...Array(layer.size).keys()];
  layer.unit = unitOf(layer);
}

function unitOf(layer) {
  if (layer.kind === "throughput")
    return rateUnit(layer.values.reduce((most, value) => Math.max(most, value ?? 0), 0));
  return layer.kind === "latency" ? "ms" : "%";
}

// the index of a pair's cell; -1 if the layer does not have it
function cellOf(layer, [sender, receiver]) {
  if (!layer.external) return sender * layer.size + receiver;
  const [row, column] = layer.reversed ? [receiver, sender] : [sender, receiver];
  return column === layer.size ? row : -1;
}

// the pair of a cell
function pairOf(layer, cell) {
  const [row, column] = [Math.floor(cell / layer.columnEnds.length), cell % layer.columnEnds.length];
  const pair = [layer.rowEnds[row], layer.columnEnds[column]];
  return layer.reversed ? swapped(pair) : pair;
}

const swapped = ([sender, receiver]) => [receiver, sender];

const pairName = ([sender, receiver]) => `${endpoints[sender].name} → ${endpoints[receiver].name}`;

// the layer and cell of the reverse direction
function reverseOf(layer, pair) {
  const baseTitle = ({ title }) => title.replace(/, reverse$/, "");
  const isCounterpart = (other) => other.kind === layer.kind && baseTitle(other) === baseTitle(layer);
  for (const other of report.layers.filter(isCounterpart)) {
    const cell = cellOf(other, swapped(pair));
    if (cell >= 0) return [other, cell];
  }
  return [layer, -1];
}

const stateOf = (layer, cell) => layer.states[cell].toLowerCase();
const someFailed = (layer, cell) => layer.states[cell] !== stateOf(layer, cell);

const isDoubtful = (layer, cell) => layer.doubtful.includes(cell);

// a cell has a mark besides its color if it is half as good as the median, or a significant regression
const isMarked = (layer, state) => state === "v" || (layer.kind === "change" && state === "b");

// a value without its unit
function numberText(layer, value) {
  if (layer.kind === "throughput") return rateNumber(value, layer.unit);
  if (layer.kind === "latency") return millisecondsNumber(value);
  return percentNumber(value, layer.kind === "change");
}

function valueText(layer, value) {
  const number = numberText(layer, value);
  return layer.unit === "%" ? `${number}%` : `${number} ${layer.unit}`;
}

function cellText(layer, cell) {
  const value = cell < 0 ? null : layer.values[cell];
  if (value !== null) return (isDoubtful(layer, cell) ? "~" : "") + valueText(layer, value);
  return cell >= 0 && stateOf(layer, cell) === "f" ? "failed" : missingText(layer);
}

const missingText = (layer) =>
  layer.kind === "throughput" || layer.kind === "latency" ? "not measured" : "not compared";

// relates a value to the median, or to no change: 1 equals it, one half is half as good
function scoreOf(layer, value) {
  if (layer.kind === "throughput") return layer.median ? value / layer.median : 1;
  if (layer.kind === "latency") return layer.median ? layer.median / value : 1;
  if (layer.kind === "overhead") return Math.max(0, 1 - value / 100);
  const ratio = Math.max(0, 1 + value / 100);
  return layer.lowerIsBetter ? 1 / ratio : ratio;
}

// the inverse of scoreOf
function valueOfScore(layer, score) {
  if (layer.kind === "throughput") return layer.median * score;
  if (layer.kind === "latency") return layer.median / score;
  if (layer.kind === "overhead") return (1 - score) * 100;
  return ((layer.lowerIsBetter ? 1 / score : score) - 1) * 100;
}

// what a value is relative to, to follow that value
function referenceText(layer, value) {
  if (layer.kind === "overhead")
    return value < 0 ? "faster than the other path" : "slower than the other path";
  if (layer.kind === "change") return "compared with the baseline";
  const percent = layer.median ? (value / layer.median) * 100 : 100;
  return `${formatPercent(percent)} of the median`;
}

const VERDICTS = {
  slower: "significantly slower",
  faster: "significantly faster",
  same: "no significant change",
  unclear: "too few samples to test for significance",
  nowFails: "newly failing",
  nowWorks: "recovered",
  stillFails: "still failing",
  onlyInOne: "in one run only",
};

function changeText(layer, cell) {
  const change = layer.changes[cell];
  if (!change) return null;
  const [before, now, p, verdict] = change;
  const [metric] = metricsOf(layer);
  const values = [before, now].map((value) => formatMetric(metric, value));
  const rates = values.includes(null) ? "" : `${values.join(" → ")}; `;
  const pValue = p === null ? "" : p < 0.001 ? " (p < 0.001)" : ` (p = ${p})`;
  return rates + VERDICTS[verdict] + pValue;
}

// the metrics of a layer's tests, in the order of their values
const metricsOf = (layer) => report.metrics[layer.measure === "latency" ? 1 : 0];

// decodes a test
function readTest([repetition, attempts, result, samples]) {
  if (typeof result === "number") {
    const [reason, remedy] = report.reasons[result];
    return { repetition, attempts, failed: true, reason, remedy };
  }
  return {
    repetition,
    attempts,
    values: result,
    // decoded only where they are shown: a test may have thousands
    get samples() {
      return samples ? readSamples(samples) : [];
    },
  };
}

function readSamples([bounds, rates, retransmits, roundTrips]) {
  const bound = (index) => (bounds ? bounds[index] : index);
  return rates.map((rate, index) => ({
    start: bound(index),
    end: bound(index + 1),
    rate,
    retransmits: retransmits?.[index] ?? 0,
    roundTrip: roundTrips?.[index] ?? null,
  }));
}

const testsOf = (layer, cell) => (cell >= 0 ? (layer.tests[cell] ?? []) : []).map(readTest);

const retestsOf = (layer, cell) =>
  layer.retests.filter(([of]) => of === cell).map(([, test]) => readTest(test));

// the mean of the metric at an index over the tests that have it; null if none has
function meanOf(tests, metric) {
  const values = tests.map((test) => test.values?.[metric]).filter((value) => !isMissing(value));
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

// the first of the worst cells; -1 if nothing was measured
function worstCell(layer) {
  let worst = -1;
  let least = Infinity;
  layer.values.forEach((value, cell) => {
    if (value === null) return;
    const score = scoreOf(layer, value);
    if (score < least) [worst, least] = [cell, score];
  });
  return worst;
}
