'use strict';
// Text from tickets, callers and models ends up here: it is only ever set as textContent.

const shownEvents = 3000;
const shownCalls = 12;
const charactersPerSecond = 16;
const state = { phones: [], calls: new Map(), loadedAt: 0 };
const byId = (id) => document.getElementById(id);

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response.json();
}

function notice(text) {
  const line = byId('notice');
  line.textContent = text;
  line.hidden = !text;
}

const time = (at) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

function tone(status) {
  if (['completed', 'delivered', 'read', 'resolved'].includes(status)) return 'good';
  if (['failed', 'busy', 'no-answer', 'undelivered', 'canceled'].includes(status)) return 'bad';
  if (['in-progress', 'pending', 'sent'].includes(status)) return 'busy';
  return ['ringing', 'initiated', 'queued', 'open'].includes(status) ? 'wait' : 'plain';
}

// Phones

function nameOf(number) {
  const phone = state.phones.find((known) => known.number === number);
  return phone && phone.name ? phone.name : number;
}

function showPhones() {
  const list = byId('phones');
  list.replaceChildren();
  for (const phone of state.phones) {
    const statuses = [...state.calls.values()].filter((call) => call.phone === phone.number).map((call) => call.status);
    const now = statuses.includes('in-progress') ? 'talking' : statuses.includes('ringing') ? 'ringing' : 'idle';
    const item = element('li', now);
    const words = element('div');
    words.append(
      element('div', 'name', phone.name || phone.number),
      element('div', 'number', phone.number === '*' ? 'any other number' : phone.number),
      element('div', 'meta', now === 'idle' ? phone.description || phone.whenCalled : now === 'talking' ? 'on a call' : 'ringing'));
    item.append(element('span', 'dot'), words);
    list.append(item);
  }
}

async function loadPhones() {
  state.phones = (await get('/phones')).sort((one, other) => (one.number === '*') - (other.number === '*'));
  const choice = byId('responder');
  const chosen = choice.value || '+12025550123';
  choice.replaceChildren();
  for (const phone of state.phones.filter((known) => known.number !== '*')) {
    const option = element('option', '', `${phone.name || 'Phone'} ${phone.number}`);
    option.value = phone.number;
    option.selected = phone.number === chosen;
    choice.append(option);
  }
  showPhones();
}

// Calls, as they are spoken

function callOf(event) {
  let call = state.calls.get(event.subject);
  if (!call) {
    call = { sid: event.subject, phone: event.details.phone || '', direction: '', status: 'queued', at: event.at, card: element('article', 'card') };
    call.title = element('strong');
    call.pill = element('span', 'pill wait');
    call.meta = element('div', 'meta');
    call.talk = element('div', 'talk');
    const head = element('div', 'head');
    head.append(call.title, call.pill);
    call.card.append(head, call.meta, call.talk);
    state.calls.set(call.sid, call);
    const box = byId('calls');
    if (box.querySelector('.empty')) box.replaceChildren();
    box.prepend(call.card);
    while (box.children.length > shownCalls) box.lastChild.remove();
    if (state.calls.size > 500) state.calls.delete(state.calls.keys().next().value);
  }
  return call;
}

function showCall(call) {
  call.title.textContent = nameOf(call.phone);
  call.pill.textContent = call.status;
  call.pill.className = `pill ${tone(call.status)}`;
  call.meta.textContent = [call.phone, call.direction === 'inbound' ? 'calls in' : 'is called', time(call.at), call.answeredBy, call.detail]
    .filter(Boolean).join(' · ');
  call.card.classList.toggle('live', ['ringing', 'in-progress'].includes(call.status));
  showPhones();
}

function fact(call, text) {
  call.talk.append(element('p', 'fact', text));
}

function line(call, side) {
  const made = element('p', side);
  made.append(element('span', 'who', side === 'agent' ? 'heard by the phone' : nameOf(call.phone)), document.createTextNode(''));
  call.talk.append(made);
  return made.lastChild;
}

function heard(call, event) {
  if (call.utterance !== event.details.utterance || !call.agentText) {
    call.utterance = event.details.utterance;
    call.agentText = line(call, 'agent');
  }
  call.agentText.textContent = (call.agentText.textContent + event.details.text).trimStart();
}

// A phone's line is known when it begins; it is shown at the speed at which it is said.
function said(call, event) {
  call.agentText = null;
  const text = event.details.text;
  const target = line(call, 'phone');
  const started = Date.parse(event.at);
  const step = () => {
    const count = Math.floor(((Date.now() - started) / 1000) * charactersPerSecond);
    target.textContent = text.slice(0, Math.max(1, count));
    if (count < text.length) requestAnimationFrame(step);
  };
  step();
}

function onCall(event) {
  const call = callOf(event);
  const what = event.kind.slice(event.kind.indexOf('.') + 1);
  if (event.kind === 'call.answered-by') {
    call.answeredBy = event.details.answeredBy;
  } else if (event.kind.startsWith('call.')) {
    call.phone = event.details.phone || call.phone;
    call.direction = event.details.direction || call.direction;
    call.status = what;
    call.detail = event.details.detail;
    if (what === 'completed') fact(call, `${event.details.seconds} s, ${event.details.detail || 'ended'}`);
  } else if (event.kind === 'phone.heard') {
    heard(call, event);
  } else if (event.kind === 'phone.said') {
    said(call, event);
  } else if (event.kind === 'phone.pressed') {
    fact(call, `pressed ${event.details.digit}`);
  } else if (event.kind === 'phone.hung-up') {
    fact(call, `hung up: ${event.details.why}`);
  } else if (event.kind === 'twilio.error') {
    fact(call, `error ${event.details.code}: ${event.details.message}`);
  } else if (event.kind.startsWith('stream.')) {
    fact(call, `audio stream ${what}${event.details.endedBy ? ` by ${event.details.endedBy}` : ''}`);
  } else {
    return;
  }
  showCall(call);
}

// Tickets, messages, faults

function cards(box, empty, items, draw) {
  byId(box).replaceChildren(...(items.length ? items.map(draw) : [element('p', 'empty', empty)]));
}

function ticketCard(ticket) {
  const card = element('article', 'card');
  const head = element('div', 'head');
  head.append(element('strong', '', `#${ticket.id}`), element('span', `pill ${tone(ticket.status)}`, ticket.status));
  card.append(head, element('div', 'subject', ticket.subject), element('div', 'meta', `priority ${ticket.priority} · ${time(ticket.created)}`));
  for (const note of ticket.notes) {
    card.append(element('div', 'note', `${note.text}`));
    card.append(element('div', 'meta', `${note.private ? 'private note' : 'public reply'} · ${time(note.at)}`));
  }
  return card;
}

function messageCard(message) {
  const card = element('article', 'card');
  const head = element('div', 'head');
  const whatsApp = message.to.startsWith('whatsapp:');
  const status = message.errorCode ? `${message.status} ${message.errorCode}` : message.status;
  head.append(
    element('strong', '', message.direction === 'inbound' ? `from ${nameOf(message.phone)}` : `to ${nameOf(message.phone)}`),
    element('span', `pill ${tone(message.status)}`, status));
  card.append(head, element('div', 'meta', `${whatsApp ? 'WhatsApp' : 'SMS'} · ${message.phone} · ${time(message.created)}`));
  if (message.contentSid) card.append(element('div', 'meta', `template ${message.contentSid}`));
  card.append(element('pre', '', message.body || message.contentVariables || '(no text)'));
  for (const url of message.mediaUrls) card.append(element('div', 'meta', `media: ${url}`));
  return card;
}

function faultCard([vendor, fault]) {
  const card = element('article', 'card');
  const head = element('div', 'head');
  const clear = element('button', '', 'Clear');
  clear.type = 'button';
  clear.addEventListener('click', () => fetch(`/faults/${encodeURIComponent(vendor)}`, { method: 'DELETE' }));
  head.append(element('strong', '', vendor), clear);
  card.append(head, element('pre', '', JSON.stringify(fault)));
  return card;
}

const loaders = {
  ticket: async () => cards('tickets', 'No ticket yet.', await get('/tickets?limit=10'), ticketCard),
  message: async () => cards('messages', 'No message yet.', await get('/messages?limit=10'), messageCard),
  fault: async () => cards('faults', 'Every vendor is well.', Object.entries(await get('/faults')), faultCard),
  phone: loadPhones,
};

const waiting = new Set();

function reload(what) {
  if (waiting.has(what)) return;
  waiting.add(what);
  setTimeout(() => {
    waiting.delete(what);
    loaders[what]().catch((error) => notice(error.message));
  }, 100);
}

function onEvent(event) {
  const kind = event.kind.split('.')[0];
  if (event.kind === 'simulator.reset' && event.seq > state.loadedAt) location.reload();
  if (['call', 'stream', 'twilio'].includes(kind) || (kind === 'phone' && event.kind !== 'phone.put')) {
    if (event.subject && event.subject.startsWith('CA')) onCall(event);
  } else if (event.kind === 'phone.put') {
    reload('phone');
  } else if (loaders[kind]) {
    reload(kind);
  }
}

async function start() {
  await Promise.all(Object.values(loaders).map((load) => load()));
  const { last } = await get('/events?limit=0');
  state.loadedAt = last;
  const stream = new EventSource(`/events/stream?after=${Math.max(0, last - shownEvents)}`);
  stream.onopen = () => {
    byId('link').textContent = 'live';
    byId('link').className = 'pill good';
  };
  stream.onerror = () => {
    byId('link').textContent = 'no connection';
    byId('link').className = 'pill bad';
  };
  stream.onmessage = (message) => onEvent(JSON.parse(message.data));
}

byId('raise').addEventListener('click', async () => {
  const button = byId('raise');
  button.disabled = true;
  try {
    const response = await fetch('/incidents', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ responderPhone: byId('responder').value }),
    });
    const answer = await response.json();
    notice(response.ok ? `Ticket #${answer.id} was filed. The phone rings as soon as City Monitor has read it.` : answer.error);
  } catch (error) {
    notice(error.message);
  } finally {
    button.disabled = false;
  }
});

start().catch((error) => notice(error.message));
