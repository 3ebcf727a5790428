// Pictures: enlarged in a dialog, series by a slider, animations that can be stopped.

const large = document.getElementById('large');
const enlarging = [...document.querySelectorAll('.enlarge')];
let shown = -1;

function seen(button) { // an animation that stands still is a canvas
  return button.querySelector('canvas, img:not([hidden])') ?? button.querySelector('img');
}

function copied(picture) {
  const copy = picture.cloneNode();
  copy.hidden = false;
  if (copy instanceof HTMLCanvasElement) copy.getContext('2d').drawImage(picture, 0, 0);
  return copy;
}

function enlarge(number) {
  shown = number;
  const picture = seen(enlarging[number]);
  large.querySelector('.picture').replaceChildren(copied(picture));
  document.getElementById('large-title').textContent = enlarging[number].querySelector('img').alt;
  if (!large.open) large.showModal();
}

function step(by) { // to the next picture that is not folded away
  for (let number = shown + by; enlarging[number]; number += by) {
    if (enlarging[number].checkVisibility()) return enlarge(number);
  }
}

enlarging.forEach((button, number) => button.addEventListener('click', () => enlarge(number)));
large.querySelectorAll('[data-step]').forEach(button => {
  button.addEventListener('click', () => step(Number(button.dataset.step)));
});
large.addEventListener('keydown', event => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  step(by);
});
large.addEventListener('click', event => { if (event.target === large) large.close(); });
large.addEventListener('close', () => enlarging[shown]?.focus());

for (const figure of document.querySelectorAll('.series')) {
  const images = [...figure.querySelectorAll('img')];
  const slider = figure.querySelector('input');
  const name = figure.querySelector('output');
  const show = () => {
    images.forEach((image, number) => { image.hidden = number !== Number(slider.value); });
    name.textContent = images[slider.value].dataset.name;
    slider.setAttribute('aria-valuetext', name.textContent);
  };
  slider.addEventListener('input', show);
  show();
}

for (const button of document.querySelectorAll('.still')) {
  const image = button.closest('figure').querySelector('img');
  const still = document.createElement('canvas');
  const stop = async () => {
    await image.decode();
    [still.width, still.height] = [image.naturalWidth, image.naturalHeight];
    still.style.width = `${image.getAttribute('width')}px`;
    still.className = image.className;
    still.getContext('2d').drawImage(image, 0, 0);
    image.before(still);
    image.hidden = true;
    button.textContent = 'Play';
  };
  const play = () => {
    still.remove();
    image.hidden = false;
    button.textContent = 'Stop';
  };
  button.addEventListener('click', () => (image.hidden ? play() : stop()));
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) stop();
}
