// Playing: from a turn's start to its end, or on; the playhead moves along.

class Player extends EventTarget {
  constructor(audio, timeline) {
    super();
    Object.assign(this, { audio, timeline, view: timeline.view, stopAt: Infinity });
    this.playhead = document.getElementById('playhead');
    if (!audio) return;
    this.playhead.hidden = false;
    audio.addEventListener('play', () => { this.dispatchEvent(new Event('change')); this.follow(); });
    audio.addEventListener('pause', () => { this.stopAt = Infinity; this.dispatchEvent(new Event('change')); });
    audio.addEventListener('seeked', () => this.place());
    audio.addEventListener('error', () => this.complain());
    timeline.addEventListener('draw', () => this.place());
    if (audio.error) this.complain();
    this.place();
  }

  get isPlaying() { return Boolean(this.audio) && !this.audio.paused; }

  /** Play from start up to end, in seconds. */
  play(start, end = Infinity) {
    if (!this.audio) return;
    this.audio.currentTime = start;
    this.stopAt = end;
    this.audio.play().catch(() => {}); // the error event tells what is wrong
  }

  seek(time) {
    if (!this.audio) return;
    this.stopAt = Infinity;
    this.audio.currentTime = time;
    this.place();
  }

  toggle() {
    if (!this.audio) return;
    if (this.audio.paused) this.audio.play().catch(() => {});
    else this.audio.pause();
  }

  pause() { if (this.isPlaying) this.audio.pause(); }

  /** While it plays: stop at the end, which the audio's own events tell too late, and keep the playhead in sight. */
  follow() {
    if (!this.isPlaying) return;
    const time = this.audio.currentTime, { view } = this;
    if (time >= this.stopAt && !this.audio.seeking) this.audio.pause();
    else if (time > view.end && time < view.end + view.span) view.show(view.end, view.end + view.span);
    this.place();
    requestAnimationFrame(() => this.follow());
  }

  place() {
    if (!this.audio) return;
    const x = this.timeline.xOf(this.audio.currentTime);
    this.playhead.style.transform = `translateX(${Math.min(Math.max(x, -9), this.timeline.width + 9)}px)`;
  }

  complain() {
    const trouble = document.getElementById('audio-trouble'), source = this.audio.getAttribute('src');
    trouble.textContent = `The audio cannot be played${source.startsWith('data:') ? '' : `: ${decodeURIComponent(source)}`}`;
    trouble.hidden = false;
  }
}
