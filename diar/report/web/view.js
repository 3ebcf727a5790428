// The visible part of the recording, in seconds, and how times are written.

const SHORTEST = 0.2; // seconds that can be seen at once

class View extends EventTarget {
  constructor(duration) {
    super();
    this.duration = Math.max(duration, SHORTEST);
    this.start = 0;
    this.end = this.duration;
  }

  get span() { return this.end - this.start; }
  get isWhole() { return this.span >= this.duration; }

  /** Show the time from start to end, moved and cut so that it lies in the recording. */
  show(start, end) {
    const span = Math.min(Math.max(end - start, SHORTEST), this.duration);
    start = Math.min(Math.max(start, 0), this.duration - span);
    if (start === this.start && start + span === this.end) return;
    this.start = start;
    this.end = start + span;
    this.dispatchEvent(new Event('change'));
  }

  /** See factor times as much; the time at stays where it is. */
  zoom(factor, at = (this.start + this.end) / 2) {
    const span = Math.min(Math.max(this.span * factor, SHORTEST), this.duration);
    const start = at - (at - this.start) / this.span * span;
    this.show(start, start + span);
  }

  pan(seconds) { this.show(this.start + seconds, this.end + seconds); }

  /** Bring the time from start to end into sight, with as little change as that takes. */
  reveal(start, end) {
    const room = Math.max(this.span, (end - start) * 1.2);
    if (start >= this.start && end <= this.end) return;
    const middle = (start + end) / 2;
    this.show(middle - room / 2, middle + room / 2);
  }
}

/** Seconds as 0:05.1, 12:05.1 or 1:12:05.1. */
function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const whole = Math.round(seconds * unit);
  const minutes = Math.floor(whole / unit / 60);
  const rest = (whole / unit - minutes * 60).toFixed(digits).padStart(digits ? digits + 3 : 2, '0');
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${String(minutes % 60).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
