// The table of a set's recordings, sorted by the column whose title is clicked.

const table = document.querySelector('.sortable');
const heads = [...table.querySelectorAll('thead th')];

heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
  const up = head.getAttribute('aria-sort') !== 'ascending';
  for (const other of heads) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  const value = line => line.children[column].dataset.value;
  const order = (a, b) => {
    const [first, second] = [value(a), value(b)];
    if (first === '' || second === '') return (first === '') - (second === ''); // unknown ones last, either way
    const difference = column === 0 ? first.localeCompare(second, 'en', { numeric: true }) : first - second;
    return up ? difference : -difference;
  };
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
}));
