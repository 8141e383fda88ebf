// The intervals of tests as lines over time, with retransmits as bars below.

const CHART = { width: 400, height: 150, left: 40, right: 8, top: 10, bottom: 20, bars: 26 };

// a round number that is no less
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return (
    [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value * 0.999) ??
    value
  );
}

// series: { tests, faint }, each test with its samples; null if no test has any
function chart(series) {
  const lines = series.flatMap(({ tests, faint }) =>
    tests.filter((test) => test.samples?.length).map((test) => ({ test, faint })),
  );
  if (!lines.some((line) => !line.faint)) return null;
  const samples = lines.flatMap((line) => line.test.samples);
  const most = samples.reduce((high, sample) => Math.max(high, sample.rate ?? 0), 0);
  const unit = rateUnit(most);
  const top = roundUp(most / RATE_UNITS[unit][0] || 1) * RATE_UNITS[unit][0];
  const end = samples.reduce((last, sample) => Math.max(last, sample.end), 0);
  const again = lines.filter((line) => !line.faint).map((line) => line.test);
  const mostAgain = again
    .flatMap((test) => test.samples)
    .reduce((high, sample) => Math.max(high, sample.retransmits), 0);
  const { width, height, left, right, bottom, bars } = CHART;
  const below = mostAgain ? bars : 0;
  const scale = {
    x: (seconds) => left + (seconds / end) * (width - left - right),
    y: (rate) => height - bottom - (rate / top) * (height - bottom - CHART.top),
  };
  const resent = mostAgain ? `, at most ${plural(mostAgain, "retransmit")} in an interval` : "";
  const label = `Throughput over ${end} seconds, at most ${writeRate(most)}${resent}`;
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height + below}`, role: "img", "aria-label": label },
    axes(scale, top, end, unit, below),
    lines.map((line) => curve(line, scale)),
    mostAgain ? retransmitBars(again, scale, mostAgain) : null,
  );
}

function axes(scale, top, end, unit, below) {
  const { width, height, left, right, bottom } = CHART;
  const parts = [0, 0.5, 1].map((part) => part * top);
  const rows = parts.map((rate) => [
    svg("line", { class: "grid", x1: left, x2: width - right, y1: scale.y(rate), y2: scale.y(rate) }),
    svg(
      "text",
      { x: left - 6, y: scale.y(rate) + 3.5, "text-anchor": "end" },
      tick(rate / RATE_UNITS[unit][0]),
    ),
  ]);
  const seconds = [0, end / 2, end].map((time, place) =>
    svg(
      "text",
      { x: scale.x(time), y: height + below - 6, "text-anchor": ["start", "middle", "end"][place] },
      `${tick(time)} s`,
    ),
  );
  const gap = below
    ? svg(
        "text",
        { class: "bars", x: left - 6, y: height - bottom + below - 4, "text-anchor": "end" },
        "resent",
      )
    : null;
  return [rows, seconds, gap];
}

const tick = (value) => String(Number(value.toPrecision(3)));

function curve({ test, faint }, scale) {
  const points = test.samples.filter((sample) => sample.rate !== null);
  const at = points.map((sample) => [scale.x((sample.start + sample.end) / 2), scale.y(sample.rate)]);
  const dots = faint || at.length > 40 ? [] : at.map(([x, y]) => svg("circle", { cx: x, cy: y, r: 1.8 }));
  const line = svg("polyline", {
    points: at.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" "),
  });
  return svg("g", { class: faint ? "curve faint" : "curve" }, line, dots);
}

function retransmitBars(tests, scale, most) {
  const floor = CHART.height - CHART.bottom + CHART.bars;
  const high = CHART.bars - 6;
  return tests.map((test) =>
    test.samples
      .filter((sample) => sample.retransmits)
      .map((sample) => {
        const height = Math.max(1, (sample.retransmits / most) * high);
        const [start, end] = [scale.x(sample.start), scale.x(sample.end)];
        return svg("rect", {
          class: "resent",
          x: start + 1,
          y: floor - height,
          width: Math.max(1, end - start - 2),
          height,
        });
      }),
  );
}
