// The legend of the heat map: color scale and marks.

function fillLegend() {
  const { layer } = view;
  const shades = layer.values.filter((value) => value !== null).map((value) => shadeOf(layer, value));
  // covers at least half as good to slightly better, so that noise looks like noise
  const low = shades.reduce((least, value) => Math.min(least, value), scoreShade(0.5));
  const high = shades.reduce((most, value) => Math.max(most, value), scoreShade(1.2));
  const left = (value) => `${(((value - low) / (high - low)) * 100).toFixed(1)}%`;
  const steps = Array.from({ length: 25 }, (_, step) => low + (step / 24) * (high - low));
  const ramp = html("div", { class: "ramp" });
  const stops = steps.map((value) => colors.scale[Math.round((value + 1) * STEPS)]);
  ramp.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const ticks = [0.25, 0.5, 0.85, 1, 2, 4]
    .map((score) => ({ score, value: valueOfScore(layer, score) }))
    .map(({ score, value }) => ({ score, value, shade: shadeOf(layer, value) }))
    .filter(({ shade }) => shade >= low - 0.01 && shade <= high + 0.01)
    .map(({ score, value, shade }) => {
      // the scale ends there: worse values have the same color
      const isEnd = score === 0.25 && low <= -0.99;
      const sign = layer.lowerIsBetter ? "≥" : "≤";
      const tick = html("span", {}, (isEnd ? sign : "") + numberText(layer, value));
      tick.style.left = left(shade);
      return tick;
    });
  const center = { overhead: "no overhead", change: "no change" }[layer.kind] ?? "median";
  const middle = html("span", {}, center);
  middle.style.left = left(0);
  byId("legend").replaceChildren(
    html(
      "div",
      { class: "scale" },
      ramp,
      html("div", { class: "ticks" }, ticks),
      html("div", { class: "ticks" }, middle),
      html("span", { class: "unit" }, layer.unit),
    ),
    ...legendKeys(layer),
  );
}

const MARK_TEXTS = {
  throughput: "less than half of the median",
  latency: "more than twice the median",
  overhead: "more than 50%",
  change: "significantly slower",
};

// explains the marks that the layer has
function legendKeys(layer) {
  const has = (states) => [...states].some((state) => layer.states.includes(state));
  return [
    has(layer.kind === "change" ? "bv" : "vV") ? ["▼", MARK_TEXTS[layer.kind]] : null,
    has("f") ? ["✕", "failed", "failed"] : null,
    has("UBV") ? ["◥", "some tests failed", "some"] : null,
    has("n") ? ["·", missingText(layer)] : null,
  ]
    .filter(Boolean)
    .map(([mark, text, kind]) =>
      html("span", { class: "key" }, html("span", { class: `mark ${kind ?? ""}` }, mark), text),
    );
}
