// A recording's page: pointer, keys and buttons act on the timeline and the player.

const data = JSON.parse(document.getElementById('data').textContent);
const view = new View(data.duration);
const timeline = new Timeline(data, view);
const overview = new Overview(timeline);
const audio = document.getElementById('audio');
const player = new Player(audio, timeline);
const turnTable = new TurnTable(timeline);
const { canvas } = timeline;
const placesOf = kind => inOrder(timeline.rows.filter(row => row.group.kind === kind));
const turns = placesOf('turns'), errors = placesOf('errors');
const help = document.getElementById('help');
const tip = document.getElementById('tip');

// ---- what is chosen --------------------------------------------------------------------------------------------------

function playPlace(place, goOn = false) {
  timeline.choose(place);
  player.play(place.row.starts[place.i], goOn ? Infinity : place.row.ends[place.i]);
}

/** Choose the next of some places after the chosen one, or after what is in sight where none is; step -1: the one before. */
function step(places, direction) {
  const chosen = timeline.chosen;
  const here = places.findIndex(place => same(place, chosen));
  const time = chosen ? chosen.row.starts[chosen.i] : direction > 0 ? view.start - 1e-6 : view.end;
  let n = here + direction;
  if (here < 0) {
    const after = places.findIndex(({ row, i }) => row.starts[i] > time);
    n = direction > 0 ? after : (after < 0 ? places.length : after) - 1;
    while (direction < 0 && n >= 0 && places[n].row.starts[places[n].i] >= time) n--;
  }
  if (n < 0 || n >= places.length) return;
  const { row, i } = places[n];
  view.reveal(row.starts[i], row.ends[i]);
  timeline.choose(places[n]);
  if (!player.isPlaying) player.seek(row.starts[i]);
}

timeline.addEventListener('choose', () => {
  const { chosen } = timeline;
  document.getElementById('chosen').textContent = chosen ? chosen.row.describe(chosen.i).join(', ') : '';
});
turnTable.addEventListener('pick', ({ detail: { place, goOn } }) => {
  view.reveal(place.row.starts[place.i], place.row.ends[place.i]);
  playPlace(place, goOn);
});

// ---- pointer ---------------------------------------------------------------------------------------------------------

const pointers = new Map();
let drag = null;

canvas.addEventListener('wheel', event => {
  const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
  const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    view.pan(sideways * unit / timeline.scale);
  } else {
    if (view.isWhole && event.deltaY > 0 && !event.ctrlKey) return; // the page scrolls on
    const strength = event.ctrlKey ? 0.01 : 0.002;
    view.zoom(Math.exp(Math.max(Math.min(event.deltaY * unit, 400), -400) * strength), timeline.timeAt(event.offsetX));
  }
  event.preventDefault();
}, { passive: false });

canvas.addEventListener('pointerdown', event => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event.offsetX);
  drag = { from: event.offsetX, start: view.start, moved: pointers.size > 1, pinch: pinch() };
});

canvas.addEventListener('pointermove', event => {
  if (!pointers.has(event.pointerId)) {
    hover(event);
    return;
  }
  pointers.set(event.pointerId, event.offsetX);
  if (drag.pinch) {
    const now = pinch();
    if (!now) return;
    const span = drag.pinch.span * drag.pinch.apart / now.apart;
    const start = drag.pinch.time - now.middle / timeline.width * span;
    view.show(start, start + span);
  } else if (drag.moved || Math.abs(event.offsetX - drag.from) > 4) {
    drag.moved = true;
    canvas.classList.add('dragged');
    tip.hidden = true;
    const start = drag.start - (event.offsetX - drag.from) / timeline.scale;
    view.show(start, start + view.span);
  }
});

canvas.addEventListener('pointerup', event => {
  if (pointers.size === 1 && drag && !drag.moved) click(event);
  release(event);
});
canvas.addEventListener('pointercancel', release);
canvas.addEventListener('pointerleave', () => { tip.hidden = true; timeline.hover(null); });

/** Two fingers: how far apart they are, their middle, the time there and the visible span; null without two. */
function pinch() {
  if (pointers.size !== 2) return null;
  const [a, b] = pointers.values(), middle = (a + b) / 2;
  return { apart: Math.max(Math.abs(a - b), 8), middle, time: timeline.timeAt(middle), span: view.span };
}

function release(event) {
  pointers.delete(event.pointerId);
  canvas.classList.remove('dragged');
  const [left] = pointers.values();
  drag = pointers.size ? { from: left, start: view.start, moved: true, pinch: null } : null;
}

function click(event) {
  const place = timeline.placeAt(event.offsetX, event.offsetY);
  if (place) {
    playPlace(place, event.shiftKey);
  } else {
    timeline.choose(null);
    player.seek(timeline.timeAt(event.offsetX));
  }
}

function hover(event) {
  const place = timeline.placeAt(event.offsetX, event.offsetY);
  timeline.hover(place);
  tip.hidden = !place;
  if (!place) return;
  tip.textContent = place.row.describe(place.i).join('\n');
  const room = timeline.width - tip.offsetWidth - 4, below = event.offsetY + 18;
  const top = below + tip.offsetHeight < timeline.height ? below : Math.max(event.offsetY - tip.offsetHeight - 10, 0);
  tip.style.transform = `translate(${Math.max(Math.min(event.offsetX + 12, room), 0)}px, ${top}px)`;
}

// ---- buttons and keys ------------------------------------------------------------------------------------------------

const actions = {
  'play': () => player.toggle(),
  'zoom-in': () => view.zoom(0.5, focusTime()),
  'zoom-out': () => view.zoom(2, focusTime()),
  'whole': () => view.show(0, view.duration),
  'next': () => step(turns, 1),
  'previous': () => step(turns, -1),
  'next-error': () => step(errors, 1),
  'previous-error': () => step(errors, -1),
  'left': () => view.pan(-view.span / 8),
  'right': () => view.pan(view.span / 8),
  'home': () => view.show(0, view.span),
  'end': () => view.show(view.duration - view.span, view.duration),
  'help': () => help.showModal(),
  'stop': () => { player.pause(); timeline.choose(null); },
  'play-chosen': event => timeline.chosen && playPlace(timeline.chosen, event.shiftKey),
};
const keys = {
  ' ': 'play', '+': 'zoom-in', '=': 'zoom-in', '-': 'zoom-out', '_': 'zoom-out', '0': 'whole', 'n': 'next',
  'p': 'previous', 'N': 'next-error', 'P': 'previous-error', 'ArrowLeft': 'left', 'ArrowRight': 'right',
  'Home': 'home', 'End': 'end', '?': 'help', 'Escape': 'stop', 'Enter': 'play-chosen',
};
// what these do elsewhere, such as to press a button, stays
const elsewhere = new Set([' ', 'Enter', 'Home', 'End', 'ArrowLeft', 'ArrowRight']);

/** Where to zoom by keys: at the middle of the chosen span if that is in sight, else of the view. */
function focusTime() {
  const { chosen } = timeline;
  const time = chosen ? (chosen.row.starts[chosen.i] + chosen.row.ends[chosen.i]) / 2 : NaN;
  return time >= view.start && time <= view.end ? time : (view.start + view.end) / 2;
}

document.addEventListener('keydown', event => {
  const { target } = event, action = keys[event.key];
  if (!action || event.ctrlKey || event.altKey || event.metaKey || help.open) return;
  const isTimeline = [canvas, overview.canvas, document.body].includes(target);
  if (!isTimeline && (elsewhere.has(event.key) || target.closest('select, input, audio'))) return;
  event.preventDefault();
  actions[action](event);
});

for (const button of document.querySelectorAll('[data-do]')) {
  button.addEventListener('click', actions[button.dataset.do]);
}
document.getElementById('help-button').addEventListener('click', actions.help);
document.getElementById('error-buttons').hidden = !errors.length;
document.getElementById('shades').hidden = !timeline.rows.some(row => row.levels.some(level => level > 0));
document.getElementById('hatched').hidden = !data.notScored.length;
const playButton = document.querySelector('[data-do=play]');
playButton.disabled = !audio;
player.addEventListener('change', () => { playButton.textContent = player.isPlaying ? 'Pause' : 'Play'; });

function tellRange() {
  const digits = view.span < 10 ? 2 : 1;
  document.getElementById('range').textContent = `${clock(view.start, digits)} – ${clock(view.end, digits)}`;
}
view.addEventListener('change', tellRange);
tellRange();

const merges = document.getElementById('merges');
for (const curve of data.curves) {
  if (!curve.points.length) continue;
  merges.append(drawCurve(curve));
  merges.hidden = false;
}

window.diarPage = { data, view, timeline, player }; // for scripts and for the browser's console
