// What colours and marks mean.

function fillLegend() {
  const { layer } = view;
  const shades = layer.values.filter((value) => value !== null).map((value) => shade(layer, value));
  // no less than from half as good to a little better, so that noise looks like noise
  const low = shades.reduce((least, value) => Math.min(least, value), shadeOf(0.5));
  const high = shades.reduce((most, value) => Math.max(most, value), shadeOf(1.2));
  const at = (value) => `${(((value - low) / (high - low)) * 100).toFixed(1)}%`;
  const steps = Array.from({ length: 25 }, (_, step) => low + (step / 24) * (high - low));
  const ramp = el("div", { class: "ramp" });
  const stops = steps.map((value) => colors.scale[Math.round((value + 1) * STEPS)]);
  ramp.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const ticks = [0.25, 0.5, 0.85, 1, 2, 4]
    .map((part) => [part, figureOf(layer, part)])
    .map(([part, value]) => [part, value, shade(layer, value)])
    .filter(([, , value]) => value >= low - 0.01 && value <= high + 0.01)
    .map(([part, value, where]) => {
      const end =
        part === 0.25 && low <= -0.99
          ? layer.kind === "throughput" || layer.kind === "change"
            ? "≤"
            : "≥"
          : "";
      const tick = el("span", {}, end + figure(layer, value));
      tick.style.left = at(where);
      return tick;
    });
  const usual = { cost: "no cost", change: "no change" }[layer.kind] ?? "median";
  const middle = el("span", { class: "usual" }, usual);
  middle.style.left = at(0);
  const key = (mark, text) =>
    el("span", { class: "key" }, el("span", { class: `mark ${text.replace(/\W.*/, "")}` }, mark), text);
  const has = (states) => [...states].some((state) => layer.states.includes(state));
  byId("legend").replaceChildren(
    el(
      "div",
      { class: "scale" },
      ramp,
      el("div", { class: "ticks" }, ticks),
      el("div", { class: "ticks" }, middle),
      el("span", { class: "unit" }, layer.unit),
    ),
    ...[
      has(layer.kind === "change" ? "bv" : "vV")
        ? key("▼", layer.kind === "change" ? "slower, by more than chance" : "less than half as good")
        : null,
      has("f") ? key("✕", "failed") : null,
      has("UBV") ? key("◥", "some tests failed") : null,
      has("n") ? key("·", missing(layer)) : null,
    ].filter(Boolean),
  );
}
