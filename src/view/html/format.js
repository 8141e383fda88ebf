// Formats numbers, and creates elements with text content only.

const MINUS = "\u2212";
// Mbit/s per unit, and decimals
const RATE_UNITS = { "Gbit/s": [1e3, 2], "Mbit/s": [1, 1], "kbit/s": [1e-3, 1] };

// the largest unit in which the largest rate (Mbit/s) is at least 1
function rateUnit(largest) {
  if (largest >= 1e3 || largest <= 0) return "Gbit/s";
  return largest >= 1 ? "Mbit/s" : "kbit/s";
}

function rateNumber(rate, unit) {
  const [scale, digits] = RATE_UNITS[unit];
  const smallest = 10 ** -digits;
  // a measured rate never reads as zero
  if (rate > 0 && rate / scale < smallest / 2) return `<${smallest.toFixed(digits)}`;
  return (rate / scale).toFixed(digits);
}

function formatRate(rate) {
  const unit = rateUnit(rate);
  return `${rateNumber(rate, unit)} ${unit}`;
}

// microseconds as milliseconds with three significant digits
function millisecondsNumber(microseconds) {
  const value = microseconds / 1e3;
  const digits = [1, 10, 100].filter((bound) => value < bound).length;
  return value.toFixed(digits);
}

const formatMilliseconds = (microseconds) => `${millisecondsNumber(microseconds)} ms`;

function percentNumber(percent, signed) {
  if (percent === 0) return "0";
  const size = Math.abs(percent);
  const text = size.toFixed(size < 10 ? 1 : 0);
  if (percent < 0) return MINUS + text;
  return signed && percent > 0 ? `+${text}` : text;
}

const formatPercent = (percent) => `${percentNumber(percent)}%`;

const formatCount = (number) => number.toLocaleString("en");

// by unit: formats a value of a metric, or a mean of several
const METRIC_FORMATS = {
  rate: formatRate,
  time: formatMilliseconds,
  seconds: (value) => `${value.toFixed(1)} s`,
  percent: formatPercent,
  bytes: (value) => `${formatCount(Math.round(value))} bytes`,
  count: (value) => formatCount(Math.round(value)),
};

const formatMetric = ({ unit }, value) => (isMissing(value) ? null : METRIC_FORMATS[unit](value));

const plural = (number, noun) => `${formatCount(number)} ${noun}${number === 1 ? "" : "s"}`;

const isMissing = (value) => value === null || value === undefined;

// creates an HTML element with attributes, listeners (`onclick`) and children; strings become text
function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (!isMissing(value) && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => !isMissing(child)));
  return element;
}

const byId = (id) => document.getElementById(id);
