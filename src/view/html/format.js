// Figures as people write them, and elements that hold text only.

const MINUS = "\u2212";
// Mbit/s that make one, and digits after the point
const RATE_UNITS = { "Gbit/s": [1e3, 2], "Mbit/s": [1, 1], "kbit/s": [1e-3, 1] };

// the unit in which the largest rate (Mbit/s) has a digit before the point
function rateUnit(largest) {
  if (largest >= 1e3 || largest <= 0) return "Gbit/s";
  return largest >= 1 ? "Mbit/s" : "kbit/s";
}

function rateFigure(rate, unit) {
  const [scale, digits] = RATE_UNITS[unit];
  const least = 10 ** -digits;
  // what was measured never reads as zero
  if (rate > 0 && rate / scale < least / 2) return `<${least.toFixed(digits)}`;
  return (rate / scale).toFixed(digits);
}

function writeRate(rate) {
  const unit = rateUnit(rate);
  return `${rateFigure(rate, unit)} ${unit}`;
}

// microseconds as milliseconds with three significant digits
function timeFigure(microseconds) {
  const value = microseconds / 1e3;
  const digits = [1, 10, 100].filter((bound) => value < bound).length;
  return value.toFixed(digits);
}

function percentFigure(percent, signed) {
  if (percent === 0) return "0";
  const size = Math.abs(percent);
  const text = size.toFixed(size < 10 ? 1 : 0);
  if (percent < 0) return MINUS + text;
  return signed && percent > 0 ? `+${text}` : text;
}

const count = (number) => number.toLocaleString("en");

const plural = (number, what) => `${count(number)} ${what}${number === 1 ? "" : "s"}`;

// an element of attributes, listeners (`onclick`) and children; strings become text, never markup
function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

const byId = (id) => document.getElementById(id);
