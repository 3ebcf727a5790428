// The whole recording in a strip, with a window on the part that is visible: drag it, drag its sides, click beside it.

class Overview {
  constructor(timeline) {
    Object.assign(this, { timeline, view: timeline.view, drag: null });
    this.canvas = document.getElementById('overview');
    this.context = this.canvas.getContext('2d');
    this.picture = document.createElement('canvas');
    this.canvas.setAttribute('aria-valuemax', Math.round(this.view.duration));
    this.canvas.addEventListener('pointerdown', event => this.take(event));
    this.canvas.addEventListener('pointermove', event => this.move(event));
    for (const type of ['pointerup', 'pointercancel']) this.canvas.addEventListener(type, () => { this.drag = null; });
    timeline.addEventListener('draw', () => this.draw());
    restyled.addEventListener('change', () => this.paint());
    new ResizeObserver(() => this.paint()).observe(this.canvas);
    this.paint();
  }

  /** The strip without its window, kept as a picture: turns above, errors below. */
  paint() {
    const { canvas, picture, timeline, view } = this;
    const ratio = devicePixelRatio, width = canvas.clientWidth || 10, height = canvas.clientHeight || 10;
    for (const one of [canvas, picture]) { one.width = width * ratio; one.height = height * ratio; }
    const pen = picture.getContext('2d'), scale = width / view.duration;
    pen.scale(ratio, ratio);
    const rows = timeline.rows.filter(row => row.group.kind === 'turns');
    const errors = timeline.rows.filter(row => row.group.kind === 'errors');
    const room = errors.length ? height - 14 : height - 6, high = room / Math.max(rows.length, 1);
    const thick = Math.max(Math.min(high - 1, 10), 1), lead = (high - thick) / 2;
    rows.forEach((row, n) => fillSpans(pen, row, scale, 3 + n * high + lead, thick));
    for (const row of errors) fillSpans(pen, row, scale, height - 9, 6);
    this.draw();
  }

  draw() {
    const { canvas, context, view } = this, width = canvas.clientWidth, height = canvas.clientHeight;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.picture, 0, 0);
    context.scale(devicePixelRatio, devicePixelRatio);
    const [left, right] = this.window();
    context.fillStyle = this.timeline.colours.quiet;
    context.globalAlpha = 0.28;
    context.fillRect(0, 0, left, height);
    context.fillRect(right, 0, width - right, height);
    context.globalAlpha = 1;
    context.strokeStyle = this.timeline.colours.chosen;
    context.lineWidth = 1.5;
    context.strokeRect(left + 0.75, 0.75, Math.max(right - left - 1.5, 2), height - 1.5);
    canvas.setAttribute('aria-valuenow', Math.round(view.start));
    canvas.setAttribute('aria-valuetext', `${clock(view.start)} to ${clock(view.end)}`);
  }

  window() {
    const scale = this.canvas.clientWidth / this.view.duration;
    const left = this.view.start * scale, right = this.view.end * scale, lack = Math.max(4 - (right - left), 0) / 2;
    return [left - lack, right + lack];
  }

  take(event) {
    const { view } = this, x = event.offsetX, [left, right] = this.window();
    const time = x / this.canvas.clientWidth * view.duration;
    const reach = right - left > 24 ? 6 : 3;
    this.canvas.setPointerCapture(event.pointerId);
    if (Math.abs(x - left) < reach && !view.isWhole) this.drag = { side: 'start' };
    else if (Math.abs(x - right) < reach && !view.isWhole) this.drag = { side: 'end' };
    else {
      if (x < left || x > right) view.show(time - view.span / 2, time + view.span / 2);
      this.drag = { grip: time - view.start };
    }
  }

  move(event) {
    const { view, drag } = this;
    if (!drag) return;
    const time = Math.min(Math.max(event.offsetX / this.canvas.clientWidth, 0), 1) * view.duration;
    if (drag.side === 'start') view.show(Math.min(time, view.end - SHORTEST), view.end);
    else if (drag.side === 'end') view.show(view.start, Math.max(time, view.start + SHORTEST));
    else view.show(time - drag.grip, time - drag.grip + view.span);
  }
}

function fillSpans(pen, row, scale, top, height) {
  pen.fillStyle = row.colour;
  pen.beginPath();
  for (let i = 0; i < row.length; i++) {
    pen.rect(row.starts[i] * scale, top, Math.max((row.ends[i] - row.starts[i]) * scale, 0.6), height);
  }
  pen.fill();
}
