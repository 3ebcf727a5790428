// The timeline: rows of spans on a canvas. Only what is visible is drawn, and spans within one pixel are one.

const AXIS = 24, GROUP = 20, ROW = 20, BAR = 14; // heights in pixels
const STEPS = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const SHADES = [[0.75, 1], [0.5, 0.7], [-1, 0.42]]; // confidence of at least, opacity

/** A row of spans sorted by start; reach[i] is the latest end of those up to i. */
class Row {
  constructor(row, group, texts) {
    Object.assign(this, { name: row.name, colourName: row.colour, other: row.other, group, texts });
    this.starts = Float64Array.from(row.spans, span => span[0]);
    this.ends = Float64Array.from(row.spans, span => span[1]);
    this.reach = this.ends.slice();
    for (let i = 1; i < this.reach.length; i++) this.reach[i] = Math.max(this.reach[i - 1], this.reach[i]);
    this.confidences = row.spans.map(span => span[2] ?? null);
    this.textIndices = row.spans.map(span => span[3] ?? null);
    this.levels = this.confidences.map(c => c === null ? 0 : SHADES.findIndex(([least]) => c >= least));
    this.seconds = row.spans.reduce((sum, span) => sum + span[1] - span[0], 0);
  }

  get length() { return this.starts.length; }

  /** The first span that ends after a time. */
  firstAfter(time) {
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.reach[middle] > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The span at a time, or the nearest within some seconds; -1 where there is none. */
  at(time, slack) {
    let best = -1, least = slack;
    for (let i = this.firstAfter(time - slack); i < this.length && this.starts[i] <= time + slack; i++) {
      const distance = Math.max(this.starts[i] - time, time - this.ends[i], 0);
      if (distance < least || (distance === 0 && best >= 0)) [best, least] = [i, distance];
    }
    return best;
  }

  /** What there is to say of a span beside its times. */
  remark(i) {
    if (this.textIndices[i] !== null) return this.texts[this.textIndices[i]];
    return this.confidences[i] === null ? '' : `confidence ${this.confidences[i].toFixed(2)}`;
  }

  describe(i) {
    const times = `${clock(this.starts[i], 2)} to ${clock(this.ends[i], 2)} (${(this.ends[i] - this.starts[i]).toFixed(2)} s)`;
    const other = this.other ? (this.group.kind === 'turns' ? `is ${this.other}` : `found as ${this.other}`) : '';
    return [`${this.group.title}: ${this.name}`, times, this.remark(i), other].filter(Boolean);
  }
}

class Timeline extends EventTarget {
  constructor(data, view) {
    super();
    Object.assign(this, { view, notScored: data.notScored, chosen: null, hovered: null, dirty: false });
    this.canvas = document.getElementById('canvas');
    this.context = this.canvas.getContext('2d');
    this.rows = [];
    this.height = AXIS;
    const labels = document.getElementById('labels');
    labels.append(made('div', { style: `height:${AXIS}px` }));
    for (const group of data.groups) {
      labels.append(made('div', { className: 'group', style: `height:${GROUP}px`, textContent: group.title }));
      this.height += GROUP;
      for (const description of group.rows) {
        const row = new Row(description, group, data.texts);
        row.top = this.height;
        this.height += ROW;
        this.rows.push(row);
        labels.append(label(row));
      }
    }
    this.height += 4;
    new ResizeObserver(() => this.resize()).observe(this.canvas.parentElement);
    restyled.addEventListener('change', () => { this.recolour(); this.draw(); });
    view.addEventListener('change', () => this.invalidate());
    this.recolour();
    this.resize();
  }

  resize() {
    this.width = Math.max(this.canvas.parentElement.clientWidth, 10);
    this.canvas.style.height = `${this.height}px`;
    this.canvas.width = Math.round(this.width * devicePixelRatio);
    this.canvas.height = Math.round(this.height * devicePixelRatio);
    this.draw(); // at once, since the canvas is blank now
    this.dispatchEvent(new Event('resize'));
  }

  recolour() {
    for (const row of this.rows) row.colour = colour(row.colourName);
    this.colours = Object.fromEntries(['text', 'quiet', 'line', 'lane', 'hatch', 'chosen'].map(n => [n, colour(`--${n}`)]));
    this.hatching = hatching(this.context, this.colours.hatch);
  }

  invalidate() {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => this.draw());
  }

  get scale() { return this.width / this.view.span; } // pixels a second
  xOf(time) { return (time - this.view.start) * this.scale; }
  timeAt(x) { return this.view.start + x / this.scale; }

  draw() {
    this.dirty = false;
    const { context, width, height, colours } = this;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.fillStyle = colours.lane;
    for (const row of this.rows) context.fillRect(0, row.top + 2, width, ROW - 4);
    this.drawNotScored();
    this.drawAxis();
    for (const row of this.rows) this.drawRow(row);
    for (const place of [this.hovered, this.chosen]) if (place) this.outline(place, place === this.chosen ? 2 : 1);
    this.dispatchEvent(new Event('draw'));
  }

  drawRow(row) {
    for (let level = 0; level < SHADES.length; level++) {
      const bars = this.bars(row, level);
      if (!bars.length) continue;
      const { context } = this;
      context.globalAlpha = SHADES[level][1];
      context.fillStyle = row.colour;
      context.beginPath();
      for (const [left, right] of bars) context.rect(left, row.top + (ROW - BAR) / 2, right - left, BAR);
      context.fill();
    }
    this.context.globalAlpha = 1;
  }

  /** Left and right of what is to be drawn of a row, in pixels. */
  bars(row, level) {
    const { view, scale, width } = this, bars = [];
    let left = -1, right = -1;
    for (let i = row.firstAfter(view.start); i < row.length && row.starts[i] < view.end; i++) {
      if (row.levels[i] !== level || row.ends[i] <= view.start) continue;
      const from = Math.max(Math.round((row.starts[i] - view.start) * scale), -2);
      let to = Math.min(Math.round((row.ends[i] - view.start) * scale), width + 2);
      if (to - from > 5) to -= 1; // turns that meet stay apart
      to = Math.max(to, from + 1);
      if (from < right || (from === right && to - from < 3)) {
        right = Math.max(right, to);
      } else {
        if (right > left) bars.push([left, right]);
        [left, right] = [from, to];
      }
    }
    if (right > left) bars.push([left, right]);
    return bars;
  }

  drawNotScored() {
    const { context, view } = this;
    context.fillStyle = this.hatching;
    for (const [start, end] of this.notScored) {
      if (end <= view.start || start >= view.end) continue;
      const left = Math.max(this.xOf(start), 0), right = Math.min(this.xOf(end), this.width);
      for (const row of this.rows) {
        if (row.group.kind === 'errors') context.fillRect(left, row.top + 2, Math.max(right - left, 0.5), ROW - 4);
      }
    }
  }

  drawAxis() {
    const { context, view, scale, width, height, colours } = this;
    const step = STEPS.find(seconds => seconds * scale >= 84) ?? 14400;
    const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
    for (let n = Math.ceil(view.start / step - 1e-9); n * step <= view.end + 1e-9; n++) {
      const x = Math.min(Math.round(this.xOf(n * step)), width - 1), text = clock(n * step, digits);
      context.fillStyle = colours.line;
      context.fillRect(x, AXIS - 6, 1, height - AXIS + 6);
      context.fillStyle = colours.quiet;
      const room = context.measureText(text).width;
      context.fillText(text, Math.min(Math.max(x - room / 2, 1), width - room - 1), 9);
    }
  }

  outline({ row, i }, thick) {
    const left = Math.max(this.xOf(row.starts[i]), -4), right = Math.min(this.xOf(row.ends[i]), this.width + 4);
    if (right < 0 || left > this.width) return;
    this.context.strokeStyle = this.colours.chosen;
    this.context.lineWidth = thick;
    this.context.strokeRect(Math.round(left) - 1, row.top + 1.5, Math.max(Math.round(right - left), 1) + 2, ROW - 3);
  }

  /** Row and span at a place of the canvas, in pixels; null where there is none. */
  placeAt(x, y) {
    const row = this.rows.find(one => y >= one.top && y < one.top + ROW);
    const i = row ? row.at(this.timeAt(x), 3 / this.scale) : -1;
    return i < 0 ? null : { row, i };
  }

  hover(place) {
    if (same(place, this.hovered)) return;
    this.hovered = place;
    this.invalidate();
  }

  choose(place) {
    this.chosen = place;
    this.invalidate();
    this.dispatchEvent(new Event('choose'));
  }
}

function same(a, b) { return a === b || (a && b && a.row === b.row && a.i === b.i); }

function made(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== 'style') element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function label(row) {
  const swatch = made('span', { className: 'swatch', style: `--of:var(${row.colourName})` });
  const name = made('span', { className: 'name', textContent: row.name, title: row.name });
  const sum = made('span', { className: 'sum', textContent: clock(row.seconds, 0), title: 'in all' });
  return made('div', { style: `height:${ROW}px` }, swatch, name, sum);
}

/** A pattern of thin slanted lines. */
function hatching(context, stroke) {
  const tile = made('canvas', { width: 6, height: 6 }), pen = tile.getContext('2d');
  pen.strokeStyle = stroke;
  pen.beginPath();
  for (const shift of [-6, 0, 6]) { pen.moveTo(shift, 6); pen.lineTo(shift + 6, 0); }
  pen.stroke();
  return context.createPattern(tile, 'repeat');
}
