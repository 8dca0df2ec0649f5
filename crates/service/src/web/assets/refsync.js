// What the pages can do more where scripts run: live updates, relative times, copying. Every page works without it.
'use strict';

// Relative times, as the server words them.
const STEPS = [[60, 'second', 1], [3600, 'minute', 60], [86400, 'hour', 3600], [2592000, 'day', 86400], [31536000, 'month', 2592000], [Infinity, 'year', 31536000]];
function ago(then) {
  const seconds = Math.floor(Date.now() / 1000) - Math.floor(then / 1000);
  const length = Math.abs(seconds);
  if (length <= 1) return 'just now';
  const [, word, unit] = STEPS.find(([limit]) => length < limit);
  const count = Math.floor(length / unit);
  const text = `${count} ${word}${count === 1 ? '' : 's'}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}
function tick() {
  for (const time of document.querySelectorAll('time[datetime]:not([data-clock])')) {
    const text = ago(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(tick, 5000);

// A short SHA copies whole.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    const before = button.textContent;
    button.textContent = 'copied';
    setTimeout(() => { button.textContent = before; }, 900);
  } catch {
    // Without permission, the whole value is in the title.
  }
});

// Live: an event of the server makes the page be read again, and the parts that differ are replaced.
let asked = false;
let again = false;
async function refresh() {
  if (asked) { again = true; return; }
  asked = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (answer.redirected) { location.reload(); return; }
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of document.querySelectorAll('[data-part]')) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.outerHTML === part.outerHTML) continue;
      if (part.contains(document.activeElement) && document.activeElement.matches('input, textarea, select')) continue;
      part.replaceWith(fresh);
    }
    tick();
  } catch {
    // The next event tries again.
  }
  asked = false;
  if (again) { again = false; setTimeout(refresh, 250); }
}
const live = document.body.dataset.live;
if (live) {
  let timer;
  const soon = () => { clearTimeout(timer); timer = setTimeout(refresh, 100); };
  const events = new EventSource(live);
  for (const name of ['mirror', 'run', 'delivery', 'resync', 'state', 'log', 'progress', 'end']) events.addEventListener(name, soon);
  let cut = false;
  events.addEventListener('error', () => { cut = true; });
  events.addEventListener('open', () => { if (cut) { cut = false; soon(); } });
}

// A log that is searched: lines without the words are hidden.
document.addEventListener('input', (event) => {
  if (!event.target.matches('[data-search]')) return;
  const words = event.target.value.toLowerCase();
  for (const line of document.querySelectorAll(`#${event.target.dataset.search} > *`)) {
    line.hidden = words !== '' && !line.textContent.toLowerCase().includes(words);
  }
});

// What is chosen for all.
document.addEventListener('change', (event) => {
  if (!event.target.matches('[data-all]')) return;
  for (const box of document.querySelectorAll(`input[name="${event.target.dataset.all}"]`)) box.checked = event.target.checked;
});
