// One customer: score and history, what it is made of, facts, contacts. A dialog that keeps the focus.
var open = { one: null, among: [], from: null };

function openCard(one, among) {
  open.from = document.activeElement;
  showCard(one, among);
  if (!byId('card').open) { byId('card').showModal(); }
  byId('card-close').focus();
}
function showCard(one, among) {
  open.one = one;
  open.among = among;
  fill(byId('card'), [cardHead(one), el('div', { class: 'body', tabindex: '0', role: 'region', 'aria-labelledby': 'card-name' }, [
    cardScore(one), cardDrivers(one), cardDay(one), cardHelp(one), cardGroups(one), cardFacts(one), cardContacts(one)
  ])]);
  byId('card').scrollTop = 0;
}
function closeCard() { byId('card').close(); }

function step(by) {
  var at = open.among.indexOf(open.one) + by;
  if (at < 0 || at >= open.among.length) { return; }
  showCard(open.among[at], open.among);
  byId(by < 0 ? 'card-previous' : 'card-next').focus();
  say(nameOf(open.one));
}
function cardHead(one) {
  var at = open.among.indexOf(one);
  function tool(id, key, on, disabled) {
    return el('button', { type: 'button', class: 'icon', id: id, 'aria-label': t(key), title: t(key), 'aria-disabled': String(Boolean(disabled)), on: { click: on } }, [icon(key)]);
  }
  return el('header', { class: 'cardhead' }, [
    el('div', {}, [el('h2', { id: 'card-name' }, [el('bdi', { text: nameOf(one) })]),
      el('p', { class: 'sub' }, [one.n ? el('bdi', { text: one.id }) : null, one.o ? el('span', { text: t('owner') + ': ' + one.o }) : null])]),
    el('div', { class: 'tools' }, [
      tool('card-previous', 'previous', function () { step(-1); }, at <= 0), tool('card-next', 'next', function () { step(1); }, at >= open.among.length - 1),
      tool('card-print', 'print', function () { window.print(); }), tool('card-close', 'close', closeCard)
    ])
  ]);
}
function pairs(rows) {
  return el('dl', { class: 'pairs' }, rows.filter(Boolean).map(function (row) {
    return el('div', {}, [el('dt', { text: row[0] }), el('dd', {}, [row[1] instanceof Node ? row[1] : el('bdi', { text: row[1] })])]);
  }));
}
function cardScore(one) {
  var facts = pairs([
    [t('probability'), pct(one.p, 1)],
    known(one.a) ? [t('at_risk'), money(one.a)] : null,
    known(one.m) ? [t('mrr'), money(one.m)] : null,
    [t('rank'), t('rank_of', { n: num(one.r), total: num(D.portfolio.totals.customers) })]
  ]);
  var big = el('div', { class: 'big ' + BANDS[one.b] }, [
    el('p', { class: 'value', text: num(one.s, 1) }), badge(one.b), known(one.d) ? changeCell(one) : null, one.st ? el('span', { class: 'tag', text: t('old') }) : null
  ]);
  var past = one.h.length > 1 ? el('div', {}, [el('h3', { text: t('history') }), historyChart(one.h)]) : null;
  return el('section', { class: 'top' + (past ? ' past' : '') }, [el('div', { class: 'now' }, [big, facts]), past]);
}
function cardDrivers(one) {
  return el('section', {}, [el('h3', { text: t('drivers') }), el('p', { class: 'help', text: t('drivers_help') }), waterfall(one)]);
}
function cardDay(one) {
  if (!one.y.length) { return null; }
  return el('section', {}, [el('h3', { text: t('since') }), el('p', { text: text(one.y[which()]) })]);
}
function cardHelp(one) {
  if (!one.w.length) { return null; }
  var rows = one.w.map(function (row) {
    var name = label(D.indicators[row[0]]);
    return el('li', { class: 'up' }, [
      el('span', { class: 'what' }, [el('span', { class: 'name', text: name }), el('span', { class: 'why', text: beyond(name, text(row[1 + which()])) })]),
      el('span', { class: 'n', text: signed(row[3], 1) })
    ]);
  });
  return el('section', {}, [el('h3', { text: t('help') }), el('p', { class: 'help', text: t('help_help') }), el('ul', { class: 'waterfall helps' }, rows)]);
}
function cardGroups(one) {
  if (!one.g.length) { return null; }
  var most = Math.max.apply(null, one.g.map(function (row) { return Math.abs(row[1]); }).concat([0.1]));
  var rows = one.g.slice().sort(function (a, b) { return a[1] - b[1]; }).map(function (row) {
    var share = 50 * Math.abs(row[1]) / most;
    return el('li', { class: row[1] < 0 ? 'down' : 'up' }, [
      el('span', { class: 'what', text: label(D.groups[row[0]]) }),
      el('span', { class: 'track middle', 'aria-hidden': 'true' }, [el('span', { class: 'step', style: { left: (row[1] < 0 ? 50 - share : 50) + '%', width: Math.max(0.6, share) + '%' } })]),
      el('span', { class: 'n', text: signed(row[1], 1) }), el('span', { class: 'n soft', title: t('sub_score'), text: num(row[2], 0) })
    ]);
  });
  return el('section', {}, [el('h3', { text: t('sub_scores') }), el('p', { class: 'help', text: t('sub_scores_help') }), el('ul', { class: 'waterfall groups' }, rows)]);
}
function cardFacts(one) {
  if (!one.f.length) { return null; }
  return el('section', {}, [el('h3', { text: t('facts') }), pairs(one.f.map(function (row) {
    return [label(D.indicators[row[0]]), levelWord(text(row[1 + which()]))];
  }))]);
}
function cardContacts(one) {
  if (!D.meta.contacts) { return null; }
  var rows = one.c.map(function (row) {
    var kind = text(row[1]), what = word('word.', text(row[2])), detail = text(row[3]);
    if (detail && D.words[detail]) { detail = t(detail); }
    else if (kind === 'surveys') { detail = num(Number(detail)); }
    return el('li', {}, [
      el('time', { text: row[0].slice(0, 10) }), el('span', { class: 'tag ' + kind, text: t(kind) }),
      el('span', {}, [el('bdi', { text: [what, detail].filter(Boolean).join(' · ') })])
    ]);
  });
  return el('section', {}, [el('h3', { text: t('contacts') }), rows.length ? el('ul', { class: 'contacts' }, rows) : el('p', { class: 'empty', text: t('no_contacts_here') })]);
}
