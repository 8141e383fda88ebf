// The data of the page, and what can be asked of it. Ends are places in `report.nodes`; a pair is
// [sender, receiver], or [who asks, who answers].

const report = JSON.parse(byId("data").textContent);
const ends = report.nodes;
const names = new Intl.Collator("en", { numeric: true });

for (const layer of report.layers) {
  layer.size = ends.length - (layer.outside ? 1 : 0);
  layer.columnEnds = layer.outside ? [layer.size] : [...Array(layer.size).keys()];
  layer.rowEnds = [...Array(layer.size).keys()];
  layer.unit = unitOf(layer);
}

function unitOf(layer) {
  if (layer.kind === "throughput")
    return rateUnit(layer.values.reduce((most, value) => Math.max(most, value ?? 0), 0));
  return layer.kind === "latency" ? "ms" : "%";
}

// the place of a pair in a layer; -1 if the layer does not have it
function cellOf(layer, [sender, receiver]) {
  if (!layer.outside) return sender * layer.size + receiver;
  const [row, column] = layer.reversed ? [receiver, sender] : [sender, receiver];
  return column === layer.size ? row : -1;
}

const swapped = ([sender, receiver]) => [receiver, sender];

// the layer and cell of the way back
function backOf(layer, pair) {
  const isAlike = (other) =>
    other.kind === layer.kind && other.title.replace(/, back$/, "") === layer.title.replace(/, back$/, "");
  for (const other of report.layers.filter(isAlike)) {
    const cell = cellOf(other, swapped(pair));
    if (cell >= 0) return [other, cell];
  }
  return [layer, -1];
}

const stateOf = (layer, cell) => layer.states[cell].toLowerCase();
const someFailed = (layer, cell) => layer.states[cell] !== stateOf(layer, cell);

// what has a mark besides its colour: half as good as usual, or worse than before by more than chance
const isMarked = (layer, state) => state === "v" || (layer.kind === "change" && state === "b");

// a figure of a layer, without its unit
function figure(layer, value) {
  if (layer.kind === "throughput") return rateFigure(value, layer.unit);
  if (layer.kind === "latency") return timeFigure(value);
  return percentFigure(value, layer.kind === "change");
}

const write = (layer, value) => `${figure(layer, value)} ${layer.unit}`;

// what a cell says in one or two words
function writeCell(layer, cell) {
  const value = cell < 0 ? null : layer.values[cell];
  if (value !== null) return write(layer, value);
  return cell >= 0 && stateOf(layer, cell) === "f" ? "failed" : missing(layer);
}

const missing = (layer) =>
  layer.kind === "throughput" || layer.kind === "latency" ? "not measured" : "not compared";

// how good a figure is: 1 is as usual, one half is half as good
function goodness(layer, value) {
  if (layer.kind === "throughput") return layer.usual ? value / layer.usual : 1;
  if (layer.kind === "latency") return layer.usual ? layer.usual / value : 1;
  return Math.max(0, layer.kind === "cost" ? 1 - value / 100 : 1 + value / 100);
}

// the figure that is so good
function figureOf(layer, part) {
  if (layer.kind === "throughput") return layer.usual * part;
  if (layer.kind === "latency") return layer.usual / part;
  return layer.kind === "cost" ? (1 - part) * 100 : (part - 1) * 100;
}

// where a figure stands among its like, as a clause
function standing(layer, value) {
  if (layer.kind === "cost")
    return value < 0 ? "faster than the other path" : "missing against the other path";
  if (layer.kind === "change") return "against the earlier run";
  const percent = layer.usual ? (value / layer.usual) * 100 : 100;
  return `${percentFigure(percent)} % of the median`;
}

const VERDICTS = {
  slower: "slower, by more than chance",
  faster: "faster, by more than chance",
  same: "no more than chance",
  unclear: "too few values to tell it from chance",
  nowFails: "worked then, fails now",
  nowWorks: "failed then, works now",
  stillFails: "failed then and now",
  onlyInOne: "only one of the runs has it",
};

function changeOf(layer, cell) {
  const change = layer.changes[cell];
  if (!change) return null;
  const [then, now, chance, verdict] = change;
  const figures = then !== null && now !== null ? `${writeRate(then)} → ${writeRate(now)}; ` : "";
  const probability = chance === null ? "" : ` (p = ${chance < 0.001 ? "<0.001" : chance})`;
  return figures + VERDICTS[verdict] + probability;
}

// tests are arrays; their kinds have different lengths
function readTest(test) {
  const [repetition, attempts] = test;
  if (test.length === 3) {
    const [reason, remedy] = report.reasons[test[2]];
    return { repetition, attempts, failed: true, reason, remedy };
  }
  if (test.length === 4) {
    const [mean, min, p50, p95, p99, max] = test[2];
    return { repetition, attempts, latency: true, mean, min, p50, p95, p99, max, requests: test[3] };
  }
  const [, , rate, retransmits, roundTrip, cpu, mss, udp, samples] = test;
  return { repetition, attempts, rate, retransmits, roundTrip, cpu, mss, udp, samples: readSamples(samples) };
}

function readSamples([bounds, rates, retransmits, roundTrips]) {
  const bound = (place) => (bounds ? bounds[place] : place);
  return rates.map((rate, place) => ({
    start: bound(place),
    end: bound(place + 1),
    rate,
    retransmits: retransmits?.[place] ?? 0,
    roundTrip: roundTrips?.[place] ?? null,
  }));
}

const testsOf = (layer, cell) => (cell >= 0 ? (layer.tests[cell] ?? []) : []).map(readTest);

const retestsOf = (layer, cell) =>
  layer.retests.filter(([of]) => of === cell).map(([, test]) => readTest(test));

// the mean of what tests have; none if none has it
function meanOf(tests, get) {
  const values = tests.map(get).filter((value) => value !== null && value !== undefined);
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

// the first cell that is worst; -1 if nothing was measured
function worstOf(layer) {
  let worst = -1;
  let least = Infinity;
  layer.values.forEach((value, cell) => {
    if (value === null) return;
    const part = goodness(layer, value);
    if (part < least) [worst, least] = [cell, part];
  });
  return worst;
}

// the pair of a cell
function pairOf(layer, cell) {
  const [row, column] = [Math.floor(cell / layer.columnEnds.length), cell % layer.columnEnds.length];
  const pair = [layer.rowEnds[row], layer.columnEnds[column]];
  return layer.reversed ? swapped(pair) : pair;
}

const pairName = ([sender, receiver]) => `${ends[sender].name} → ${ends[receiver].name}`;
