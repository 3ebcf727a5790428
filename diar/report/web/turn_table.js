// The table of turns, a page at a time: the same as the timeline, for those who read or listen.

const PAGE = 25;

class TurnTable extends EventTarget {
  constructor(timeline) {
    super();
    Object.assign(this, { timeline, page: 0 });
    this.which = document.getElementById('which');
    this.who = document.getElementById('who');
    this.body = document.getElementById('turn-rows');
    const groups = [...new Set(timeline.rows.map(row => row.group))];
    this.groups = groups;
    this.which.append(...groups.map((group, n) => made('option', { value: n, textContent: group.title })));
    this.which.addEventListener('change', () => this.list());
    this.who.addEventListener('change', () => this.filter());
    this.buttons = [...document.querySelectorAll('[data-page]')];
    for (const button of this.buttons) {
      button.addEventListener('click', () => { this.page += Number(button.dataset.page); this.fill(); });
    }
    timeline.addEventListener('choose', () => this.mark());
    this.list();
  }

  list() {
    const group = this.groups[this.which.value || 0];
    const rows = this.timeline.rows.filter(row => row.group === group);
    this.rows = rows;
    this.who.replaceChildren(made('option', { value: '', textContent: 'all' }),
      ...rows.map((row, n) => made('option', { value: n, textContent: row.name })));
    const isCertain = rows.some(row => row.confidences.some(confidence => confidence !== null));
    const hasTexts = rows.some(row => row.textIndices.some(index => index !== null));
    document.getElementById('what').textContent = isCertain ? 'confidence' : hasTexts ? 'what' : '';
    this.filter();
  }

  filter() {
    this.places = inOrder(this.who.value === '' ? this.rows : [this.rows[this.who.value]]);
    this.page = 0;
    this.fill();
  }

  fill() {
    const last = Math.max(Math.ceil(this.places.length / PAGE) - 1, 0);
    this.page = Math.min(Math.max(this.page, 0), last);
    const shown = this.places.slice(this.page * PAGE, (this.page + 1) * PAGE);
    this.body.replaceChildren(...shown.map(place => this.line(place)));
    document.getElementById('page-number').textContent = `${this.page + 1} of ${last + 1} (${this.places.length} in all)`;
    for (const button of this.buttons) button.disabled = button.dataset.page < 0 ? this.page === 0 : this.page === last;
    this.mark();
  }

  line(place) {
    const { row, i } = place, start = clock(row.starts[i], 2);
    const button = made('button', { type: 'button', textContent: start, 'aria-label': `${row.name} at ${start}` });
    button.addEventListener('click', event => {
      this.dispatchEvent(new CustomEvent('pick', { detail: { place, goOn: event.shiftKey } }));
    });
    const cells = [clock(row.ends[i], 2), (row.ends[i] - row.starts[i]).toFixed(2)];
    const swatch = made('span', { className: 'swatch', style: `--of:var(${row.colourName})` });
    const line = made('tr', {}, made('td', {}, button), ...cells.map(text => made('td', { textContent: text })),
      made('td', { className: 'text' }, swatch, row.name),
      made('td', { className: 'text', textContent: row.remark(i).replace(/^confidence /, '') }));
    line.place = place;
    return line;
  }

  mark() {
    for (const line of this.body.children) line.setAttribute('aria-selected', Boolean(same(line.place, this.timeline.chosen)));
  }
}

/** All spans of some rows by their start. */
function inOrder(rows) {
  return rows.flatMap(row => Array.from(row.starts, (_, i) => ({ row, i })))
    .sort((a, b) => a.row.starts[a.i] - b.row.starts[b.i] || a.row.ends[a.i] - b.row.ends[b.i]);
}
