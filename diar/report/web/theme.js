// Light and dark: what the system wants, unless the button says otherwise.

const root = document.documentElement;
const darkWanted = matchMedia('(prefers-color-scheme: dark)');
const restyled = new EventTarget(); // tells 'change' when colours are others

function isDark() {
  return root.dataset.theme ? root.dataset.theme === 'dark' : darkWanted.matches;
}

function wear(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  const button = document.getElementById('theme');
  button.textContent = isDark() ? 'Light' : 'Dark';
  button.setAttribute('aria-label', `${isDark() ? 'light' : 'dark'} colours`);
  restyled.dispatchEvent(new Event('change'));
}

/** The colour of a custom property, as a canvas understands it. */
function colour(name) {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  root.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

document.getElementById('theme').addEventListener('click', () => wear(isDark() ? 'light' : 'dark'));
darkWanted.addEventListener('change', () => wear(root.dataset.theme));
let wornOnScreen;
addEventListener('beforeprint', () => { wornOnScreen = root.dataset.theme; wear('light'); });
addEventListener('afterprint', () => wear(wornOnScreen));
wear();
