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
// A length of time, as the server words it.
function lasted(millis) {
  const seconds = Math.floor(millis / 1000);
  if (seconds < 1) return `${Math.max(0, Math.floor(millis))} ms`;
  if (seconds < 10) return `${(millis / 1000).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}
function tick() {
  for (const time of document.querySelectorAll('time[datetime]:not([data-clock])')) {
    const text = ago(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
  for (const lasting of document.querySelectorAll('[data-since]')) {
    const text = lasted(Date.now() - Date.parse(lasting.dataset.since));
    if (lasting.textContent !== text) lasting.textContent = text;
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

// Live: an event of the server makes the page be read again, and the parts that differ are replaced, at most once a second.
let asked = false;
let again = false;
const PRESSED = 'a[href], button, input, summary';
// The buttons of all rows may be the same: what tells them apart is the form around each.
const formOf = (one) => one.closest('form.inline')?.outerHTML;
const same = (one, other) => (one.href && one.href === other.href) || (one.outerHTML === other.outerHTML && formOf(one) === formOf(other));
// What a person did with a part stays: what is ticked, what is open, where the keyboard is.
function keep(part, fresh) {
  for (const box of part.querySelectorAll('input[type=checkbox]:checked')) {
    const other = [...fresh.querySelectorAll('input[type=checkbox]')].find((one) => one.name === box.name && one.value === box.value);
    if (other) other.checked = true;
  }
  const folds = fresh.querySelectorAll('details');
  part.querySelectorAll('details').forEach((fold, index) => { if (fold.open && folds[index]) folds[index].open = true; });
  if (!part.contains(document.activeElement)) return () => {};
  const active = document.activeElement;
  const next = [...fresh.querySelectorAll(PRESSED)].find((one) => same(one, active));
  return () => next?.focus({ preventScroll: true });
}
async function refresh() {
  if (asked) { again = true; return; }
  asked = true;
  let pause = 1000;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    // Signed out meanwhile: the page to sign in says so.
    if (answer.redirected) { location.reload(); return; }
    if (answer.status === 429 || answer.status >= 500) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    // The page of an error has none of the parts: they stay as they were.
    for (const part of document.querySelectorAll('[data-part]')) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.outerHTML === part.outerHTML) continue;
      if (part.contains(document.activeElement) && document.activeElement.matches('input:not([type=checkbox]), textarea, select')) continue;
      const focus = keep(part, fresh);
      part.replaceWith(fresh);
      focus();
    }
    tick();
  } catch {
    // After the last event there is none that would try again.
    again = true;
    pause = 5000;
  }
  setTimeout(() => {
    asked = false;
    if (again) { again = false; refresh(); }
  }, pause);
}

// A run that goes on: its step, its bytes and their rate.
function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit + 1 < units.length) { value /= 1024; unit += 1; }
  return `${value.toFixed(1)} ${units[unit]}`;
}
let sample;
function progress({ stage, bytes }) {
  const steps = [...document.querySelectorAll('#steps [data-step]')];
  const current = steps.findIndex((step) => step.dataset.step === stage);
  steps.forEach((step, index) => {
    step.classList.toggle('done', index < current);
    step.classList.toggle('now', index === current);
    if (index === current) step.setAttribute('aria-current', 'step'); else step.removeAttribute('aria-current');
  });
  const place = document.getElementById('progress');
  const at = performance.now();
  if (!sample || sample.stage !== stage || bytes < sample.bytes) sample = { stage, bytes, at };
  if (!place || bytes === 0) return;
  const seconds = (at - sample.at) / 1000;
  const rate = seconds >= 0.2 ? `, ${size((bytes - sample.bytes) / seconds)}/s` : '';
  place.textContent = `${size(bytes)}${rate} so far`;
  // The rate is that of the last few seconds.
  if (seconds > 5) sample = { stage, bytes, at };
}

// A log that grows. Its text is never read as markup.
const LINES = 2000;
function hidden(line) {
  const words = document.querySelector('[data-search]')?.value.toLowerCase() ?? '';
  return words !== '' && !line.textContent.toLowerCase().includes(words);
}
function append({ number, at, level, text }) {
  const log = document.getElementById('log');
  if (!log || !('grows' in log.dataset) || number <= Number(log.lastElementChild?.id.slice(1) ?? 0)) return;
  const line = document.createElement('li');
  line.id = `L${number}`;
  line.className = level;
  const link = document.createElement('a');
  link.href = `#L${number}`;
  link.textContent = number;
  link.setAttribute('aria-label', `line ${number}`);
  const time = document.createElement('time');
  time.dateTime = at;
  time.dataset.clock = '';
  time.textContent = at.slice(11, 23);
  const words = document.createElement('span');
  words.textContent = text;
  line.append(link, time, words);
  line.hidden = hidden(line);
  log.append(line);
  while (log.childElementCount > LINES) log.firstElementChild.remove();
  document.getElementById('log-empty')?.remove();
}

const live = document.body.dataset.live;
if (live) {
  let timer;
  // However many events come, and for however long: the first one sets the time.
  const soon = () => { timer ??= setTimeout(() => { timer = undefined; refresh(); }, 100); };
  const place = document.getElementById('not-live');
  // Attempts that failed since the stream was open.
  let failed = 0;
  function listen() {
    const events = new EventSource(live);
    for (const name of ['mirror', 'run', 'delivery', 'resync', 'state']) events.addEventListener(name, soon);
    events.addEventListener('end', () => { events.close(); soon(); });
    events.addEventListener('log', (event) => append(JSON.parse(event.data)));
    events.addEventListener('progress', (event) => progress(JSON.parse(event.data)));
    events.addEventListener('open', () => {
      place.textContent = '';
      failed = 0;
      // What happened since the page was made, and nobody listened, is told by nobody.
      soon();
    });
    events.addEventListener('error', () => {
      failed += 1;
      // A stream that was cut is opened again by the browser; one that was answered with an error never is.
      const closed = events.readyState === EventSource.CLOSED;
      if (closed || failed > 1) place.textContent = 'Not live: the server gives no news. Trying again.';
      if (!closed) return;
      setTimeout(listen, 10000);
      soon();
    });
  }
  listen();
}

// A log that is searched: lines without the words are hidden.
document.addEventListener('input', (event) => {
  if (!event.target.matches('[data-search]')) return;
  for (const line of document.querySelectorAll(`#${event.target.dataset.search} > *`)) line.hidden = hidden(line);
});

// Somebody who came by a link of another site has no session at first sight, and may have one all the same.
const next = document.querySelector('form[data-next]')?.dataset.next;
if (next) {
  fetch(next, { method: 'HEAD', redirect: 'manual' }).then((answer) => { if (answer.ok) location.replace(next); }, () => {});
}

// What is chosen for all.
document.addEventListener('change', (event) => {
  if (!event.target.matches('[data-all]')) return;
  for (const box of document.querySelectorAll(`input[name="${event.target.dataset.all}"]`)) box.checked = event.target.checked;
});

// A new mirror is tried as it goes: whenever a side was filled in, both are, if both are there.
const UNTRIED = 'The two sides could not be tried.';
let tries = 0;
document.addEventListener('change', async (event) => {
  const form = event.target.closest('form[data-try]');
  if (!form || !/^(source|target)/.test(event.target.name)) return;
  const fields = new URLSearchParams(new FormData(form));
  if (!fields.get('source') || !fields.get('target')) return;
  fields.set('act', 'try');
  const place = document.getElementById(form.dataset.try);
  place.textContent = 'Trying both sides…';
  tries += 1;
  const own = tries;
  try {
    const answer = await fetch(form.action, { method: 'POST', body: fields });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.getElementById(form.dataset.try);
    // An answer about what stood there before comes too late.
    if (own !== tries) return;
    place.replaceChildren(...(fresh?.childNodes ?? [UNTRIED]));
  } catch {
    if (own === tries) place.textContent = UNTRIED;
  }
});
