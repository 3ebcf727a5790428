// What the merges measured against the number of clusters, with the cut; values at the pointer or by arrow keys.

const CURVE = { width: 330, height: 190, left: 46, right: 12, top: 18, bottom: 34 };

function drawCurve(curve) {
  const points = [...curve.points].sort((a, b) => a[0] - b[0]);
  const { width, height, left, right, top, bottom } = CURVE;
  const most = Math.max(points.at(-1)[0], 2);
  const values = points.map(point => point[1]), low = Math.min(...values, 0), high = Math.max(...values, low + 1e-9);
  const x = n => left + (n - 1) / (most - 1) * (width - left - right);
  const y = value => top + (high - value) / (high - low) * (height - top - bottom);
  const picture = drawn('svg', { class: 'curve', viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: 'img' });
  const cutText = curve.cut === null ? '' : `, cut at ${curve.cut}`;
  picture.setAttribute('aria-label', `${curve.name} against the number of clusters${cutText}; arrow keys read values`);
  for (const value of ticks(low, high)) {
    picture.append(drawn('line', { class: 'axis', x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    picture.append(drawn('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, short(value)));
  }
  for (const n of new Set([1, ...ticks(1, most).filter(Number.isInteger)])) {
    picture.append(drawn('text', { x: x(n), y: height - bottom + 16, 'text-anchor': 'middle' }, String(n)));
  }
  picture.append(drawn('text', { x: (left + width - right) / 2, y: height - 4, 'text-anchor': 'middle' }, 'number of clusters'));
  if (curve.cut !== null) {
    const side = x(curve.cut) > width * 0.7 ? 'end' : 'start', at = x(curve.cut);
    picture.append(drawn('line', { class: 'cut', x1: at, x2: at, y1: top - 6, y2: height - bottom }));
    picture.append(drawn('text', { class: 'cut-name', x: at + (side === 'end' ? -5 : 5), y: top - 7, 'text-anchor': side },
      `cut: ${curve.cut}`));
  }
  picture.append(drawn('polyline', { class: 'values', points: points.map(([n, value]) => `${x(n)},${y(value)}`).join(' ') }));
  if (points.length < 60) {
    picture.append(...points.map(([n, value]) => drawn('circle', { cx: x(n), cy: y(value), r: 2.2 })));
  }
  const dot = drawn('circle', { class: 'at', r: 4, visibility: 'hidden' });
  picture.append(dot);
  const told = made('p', { className: 'value', role: 'status', textContent: curve.name });
  let at = Math.max(points.findIndex(point => point[0] === curve.cut), 0);
  const tell = index => {
    at = Math.min(Math.max(index, 0), points.length - 1);
    const [n, value] = points[at];
    for (const [name, where] of [['cx', x(n)], ['cy', y(value)], ['visibility', 'visible']]) dot.setAttribute(name, where);
    told.textContent = `${curve.name} at ${n} ${n === 1 ? 'cluster' : 'clusters'}: ${short(value)}${n === curve.cut ? ' (cut)' : ''}`;
  };
  picture.addEventListener('pointermove', event => {
    const n = 1 + (event.offsetX / picture.clientWidth * width - left) / (width - left - right) * (most - 1);
    const distances = points.map(point => Math.abs(point[0] - n));
    tell(distances.indexOf(Math.min(...distances)));
  });
  picture.addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    tell(at + step);
  });
  tell(at);
  return made('div', {}, picture, told);
}

function drawn(tag, attributes, text = '') {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

/** Round numbers from low to high, about five. */
function ticks(low, high) {
  const rough = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find(n => n * unit >= rough) * unit;
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) found.push(Number((n * step).toPrecision(12)));
  return found;
}

function short(value) { return String(Number(value.toPrecision(4))); }
