// The intervals of tests as lines over time, with retransmits as bars below.

const CHART = { width: 400, height: 150, left: 40, right: 8, top: 10, bottom: 20, bars: 26 };

// rounds up to the next round number
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return (
    [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value * 0.999) ??
    value
  );
}

// series: { tests, isFaint }; null if no test of a series that is not faint has intervals
function chart(series) {
  const lines = series.flatMap(({ tests, isFaint }) =>
    tests.filter((test) => test.samples?.length).map((test) => ({ test, isFaint })),
  );
  if (!lines.some((line) => !line.isFaint)) return null;
  const samples = lines.flatMap((line) => line.test.samples);
  const maxRate = samples.reduce((most, sample) => Math.max(most, sample.rate ?? 0), 0);
  const unit = rateUnit(maxRate);
  const top = roundUp(maxRate / RATE_UNITS[unit][0] || 1) * RATE_UNITS[unit][0];
  const end = samples.reduce((last, sample) => Math.max(last, sample.end), 0);
  const mainTests = lines.filter((line) => !line.isFaint).map((line) => line.test);
  const maxRetransmits = mainTests
    .flatMap((test) => test.samples)
    .reduce((most, sample) => Math.max(most, sample.retransmits), 0);
  const { width, height, left, right, bottom, bars } = CHART;
  const barsHeight = maxRetransmits ? bars : 0;
  const scale = {
    x: (seconds) => left + (seconds / end) * (width - left - right),
    y: (rate) => height - bottom - (rate / top) * (height - bottom - CHART.top),
  };
  const retransmits = maxRetransmits ? `, at most ${plural(maxRetransmits, "retransmit")} per interval` : "";
  const label = `Throughput over ${end} seconds, at most ${formatRate(maxRate)}${retransmits}`;
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height + barsHeight}`, role: "img", "aria-label": label },
    axes(scale, top, end, unit, barsHeight),
    lines.map((line) => curve(line, scale)),
    maxRetransmits ? retransmitBars(mainTests, scale, maxRetransmits) : null,
  );
}

function axes(scale, top, end, unit, barsHeight) {
  const { width, height, left, right, bottom } = CHART;
  const rates = [0, 0.5, 1].map((part) => part * top);
  const rows = rates.map((rate) => [
    svg("line", { class: "grid", x1: left, x2: width - right, y1: scale.y(rate), y2: scale.y(rate) }),
    svg(
      "text",
      { x: left - 6, y: scale.y(rate) + 3.5, "text-anchor": "end" },
      tickText(rate / RATE_UNITS[unit][0]),
    ),
  ]);
  const seconds = [0, end / 2, end].map((time, index) =>
    svg(
      "text",
      { x: scale.x(time), y: height + barsHeight - 6, "text-anchor": ["start", "middle", "end"][index] },
      `${tickText(time)} s`,
    ),
  );
  // `Retr` is the usual abbreviation of retransmits: there is no space for the word
  const barsLabel = barsHeight
    ? svg(
        "text",
        { class: "bars", x: left - 6, y: height - bottom + barsHeight - 4, "text-anchor": "end" },
        "Retr",
      )
    : null;
  return [rows, seconds, barsLabel];
}

const tickText = (value) => String(Number(value.toPrecision(3)));

function curve({ test, isFaint }, scale) {
  const samples = test.samples.filter((sample) => sample.rate !== null);
  const points = samples.map((sample) => [scale.x((sample.start + sample.end) / 2), scale.y(sample.rate)]);
  const dots =
    isFaint || points.length > 40 ? [] : points.map(([x, y]) => svg("circle", { cx: x, cy: y, r: 1.8 }));
  const line = svg("polyline", {
    points: points.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" "),
  });
  return svg("g", { class: isFaint ? "curve faint" : "curve" }, line, dots);
}

function retransmitBars(tests, scale, most) {
  const floor = CHART.height - CHART.bottom + CHART.bars;
  const maxHeight = CHART.bars - 6;
  return tests.map((test) =>
    test.samples
      .filter((sample) => sample.retransmits)
      .map((sample) => {
        const height = Math.max(1, (sample.retransmits / most) * maxHeight);
        const [start, end] = [scale.x(sample.start), scale.x(sample.end)];
        return svg("rect", {
          class: "retransmits",
          x: start + 1,
          y: floor - height,
          width: Math.max(1, end - start - 2),
          height,
        });
      }),
  );
}
