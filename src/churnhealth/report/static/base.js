// What all parts of the page share: the data, the language, numbers, and elements made of plain text.
var D = JSON.parse(document.getElementById('data').textContent);
var BANDS = D.meta.bands;
var state = { lang: D.language, tab: 'overview' };

function which() { return state.lang === 'ja' ? 1 : 0; }

// A word of the page; {name} in it is replaced by a value.
function t(key, values) {
  var said = D.words[key];
  if (!said) { return key; }
  return said[which()].replace(/\{(\w+)\}/g, function (all, name) {
    return values && name in values ? values[name] : all;
  });
}

function word(prefix, text) {
  return D.words[prefix + text] ? t(prefix + text) : text.replace(/_/g, ' ');
}

// Makes an element. Attributes: class, text, on (events), style (custom properties); else as they are.
function make(space, tag, attributes, kids) {
  var node = space ? document.createElementNS(space, tag) : document.createElement(tag);
  Object.keys(attributes || {}).forEach(function (name) {
    var value = attributes[name];
    if (value === null || value === undefined || value === false) { return; }
    if (name === 'text') { node.textContent = value; }
    else if (name === 'on') {
      Object.keys(value).forEach(function (event) { node.addEventListener(event, value[event]); });
    } else if (name === 'style') {
      Object.keys(value).forEach(function (one) { node.style.setProperty(one, value[one]); });
    } else { node.setAttribute(name, value === true ? '' : value); }
  });
  (kids || []).forEach(function (kid) { if (kid) { node.append(kid); } });
  return node;
}
function el(tag, attributes, kids) { return make(null, tag, attributes, kids); }
function draw(tag, attributes, kids) { return make('http://www.w3.org/2000/svg', tag, attributes, kids); }
function byId(id) { return document.getElementById(id); }

function locale() { return state.lang === 'ja' ? 'ja-JP' : 'en-US'; }
function known(value) { return value !== null && value !== undefined && !Number.isNaN(value); }
function num(value, digits) {
  if (!known(value)) { return '–'; }
  var shown = { minimumFractionDigits: digits || 0, maximumFractionDigits: digits || 0 };
  return new Intl.NumberFormat(locale(), shown).format(value).replace('-', '−');
}
function pct(value, digits) {
  if (!known(value)) { return '–'; }
  return num(100 * value, digits === undefined ? (value < 0.1 ? 1 : 0) : digits) + '%';
}
function signed(value, digits) {
  if (!known(value)) { return '–'; }
  var text = num(Math.abs(value), digits);
  if (Number(text.replace(/[^\d]/g, '')) === 0) { return '±' + text; }
  return (value > 0 ? '+' : '−') + text;
}
function money(value, short) {
  if (!known(value)) { return '–'; }
  var shown = { maximumFractionDigits: 0 };
  if (short) { shown = { notation: 'compact', maximumSignificantDigits: 3 }; }
  if (!D.meta.currency) { return new Intl.NumberFormat(locale(), shown).format(value); }
  try {
    shown.style = 'currency';
    shown.currency = D.meta.currency;
    return new Intl.NumberFormat(locale(), shown).format(value);
  } catch (error) {
    return num(value) + ' ' + D.meta.currency;
  }
}
function text(number) { return number < 0 ? '' : D.texts[number]; }
function capital(words) { return words.charAt(0).toUpperCase() + words.slice(1); }
function label(entry) { return capital(entry[1 + which()] || entry[0]); }
// What a sentence says beyond the name that stands above it.
function beyond(name, sentence) {
  var start = sentence.slice(0, name.length).toLowerCase() === name.toLowerCase();
  var rest = sentence.slice(name.length).replace(/^\s*[:：]\s*/, '');
  return start && rest.length < sentence.length - name.length ? rest : sentence;
}
function groupOf(name) {
  return D.groups.find(function (one) { return one[0] === name; }) || [name, name, name];
}
function levelWord(level) {
  if (D.words['level.' + level]) { return t('level.' + level); }
  // Tenure bands are the only levels that come with an English unit.
  var band = /^(\d+)(?:-(\d+)|\+) days$/.exec(level);
  if (!band) { return level; }
  return band[2] ? t('days', { n: band[1] + (which() ? '〜' : '–') + band[2] }) : t('days_or_more', { n: band[1] });
}
function nameOf(one) { return one.n || one.id; }

// A band as colour, shape and word: nobody has to tell colours apart.
function badge(band, quiet) {
  var name = BANDS[band];
  var kids = [el('span', { class: 'shape', 'aria-hidden': 'true', text: ['●', '▲', '■'][band] })];
  kids.push(el('span', { class: quiet ? 'hush' : '', text: t('band.' + name) }));
  return el('span', { class: 'badge ' + name }, kids);
}
function panel(title, help, kids, more) {
  var head = el('div', { class: 'head' }, [el('h2', { text: title })].concat(more || []));
  var said = help ? el('p', { class: 'help', text: help }) : null;
  return el('section', { class: 'panel' }, [head, said].concat(kids));
}
function table(caption, heads, rows, about) {
  var classes = (about || {}).classes || [];
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, [
    el('table', {}, [
      el('caption', { class: 'hush', text: caption }),
      el('thead', {}, [el('tr', {}, heads.map(function (head, at) {
        return el('th', { scope: 'col', class: classes[at] || '', text: head });
      }))]),
      el('tbody', {}, rows.map(function (cells) {
        return el('tr', {}, cells.map(function (cell, at) {
          var inside = cell instanceof Node ? [cell] : [String(cell)];
          return el(at ? 'td' : 'th', { class: classes[at] || '', scope: at ? null : 'row' }, inside);
        }));
      }))
    ])
  ]);
}
var ICONS = {
  print: 'M6 9V3h12v6M6 18H4v-8h16v8h-2M7 14h10v7H7z', close: 'M5 5l14 14M19 5L5 19',
  auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18', light: 'M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12 1v3M12 20v3M1 12h3M20 12h3M4 4l2 2M18 18l2 2M20 4l-2 2M6 18l-2 2',
  dark: 'M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z', previous: 'M15 5l-7 7 7 7', next: 'M9 5l7 7-7 7'
};
function icon(name) {
  return draw('svg', { viewBox: '0 0 24 24', width: 17, height: 17, 'aria-hidden': 'true' }, [draw('path', { d: ICONS[name], class: 'stroke' })]);
}
function say(words) { byId('said').textContent = words; }
function fill(node, kids) { node.replaceChildren.apply(node, kids.filter(Boolean)); }
function choice(id, title, options, value, change) {
  var select = el('select', { id: id, on: { change: function () { change(select.value); } } },
    options.map(function (one) { return el('option', { value: one[0], text: one[1] }); }));
  select.value = value;
  return el('label', { class: 'choice' }, [el('span', { text: title }), select]);
}
