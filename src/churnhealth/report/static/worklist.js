// The work list: search, filters, sorting, and the way to a spreadsheet.
var STEP = 100;
var list = { search: '', bands: [true, true, true], segments: {}, owner: '', worse: false, stale: false, cell: null, sort: 'need', down: false, shown: STEP };
D.customers.forEach(function (one, at) {
  one.need = at;
  one.find = (one.id + ' ' + (one.n || '') + ' ' + (one.o || '')).normalize('NFKC').toLowerCase();
});
var OWNERS = Array.from(new Set(D.customers.map(function (one) { return one.o; }))).filter(Boolean).sort();

function segmentOf(one, at) { return text(one.seg[at]); }
function third(one, name) {
  var group = D.groups.findIndex(function (entry) { return entry[0] === name; });
  var row = one.g.find(function (entry) { return entry[0] === group; });
  if (!row || !known(row[2])) { return -1; }
  return D.portfolio.cuts[name].filter(function (cut) { return row[2] >= cut; }).length;
}
function fits(one) {
  if (one.st && !list.stale) { return false; }
  if (!list.bands[one.b]) { return false; }
  if (list.search && !list.search.split(/\s+/).every(function (part) { return one.find.includes(part); })) { return false; }
  if (list.owner && (one.o || '-') !== list.owner) { return false; }
  if (list.worse && !(known(one.d) && one.d <= -5)) { return false; }
  if (list.cell && (one.st || third(one, list.cell.first) !== list.cell.a || third(one, list.cell.second) !== list.cell.b)) { return false; }
  return Object.keys(list.segments).every(function (at) { return (segmentOf(one, at) || '-') === list.segments[at]; });
}

function columns() {
  var found = [
    { key: 'customer', title: t('customer'), by: function (one) { return nameOf(one).toLowerCase(); }, show: customerCell },
    { key: 'health', title: t('health'), n: true, by: function (one) { return one.s; }, show: scoreCell },
    { key: 'band', title: t('band'), by: function (one) { return one.b; }, down: true, show: function (one) { return badge(one.b); } }
  ];
  if (D.portfolio.movement) { found.push({ key: 'change', title: t('change'), n: true, by: function (one) { return one.d; }, show: changeCell }); }
  if (known(D.portfolio.totals.mrr_at_risk)) {
    found.push({ key: 'at_risk', title: t('at_risk'), n: true, down: true, by: function (one) { return one.a; }, show: function (one) { return money(one.a); } });
    found.push({ key: 'mrr', title: t('mrr'), n: true, down: true, by: function (one) { return one.m; }, show: function (one) { return money(one.m); } });
  } else {
    found.push({ key: 'probability', title: t('probability'), n: true, down: true, by: function (one) { return one.p; }, show: function (one) { return pct(one.p); } });
  }
  D.segments.slice(0, 2).forEach(function (name, at) {
    if (name[0] === 'mrr_size') { return; }
    found.push({ key: 'segment' + at, title: label(name), by: function (one) { return segmentOf(one, at); }, show: function (one) { return levelWord(segmentOf(one, at)); } });
  });
  if (OWNERS.length) { found.push({ key: 'owner', title: t('owner'), by: function (one) { return one.o || ''; }, show: function (one) { return one.o || '–'; } }); }
  found.push({ key: 'driver', title: t('main_driver'), by: driverWords, show: function (one) { return el('span', { class: 'why', text: driverWords(one) }); } });
  return found;
}
function driverWords(one) {
  // Of a green customer what holds the score up, of others what pulls it down; else the strongest.
  var rows = one.x.filter(function (entry) { return D.indicators[entry[0]][0] !== '(all others)'; });
  var row = rows.find(function (entry) { return one.b ? entry[1] < 0 : entry[1] > 0; }) || rows[0];
  return row ? text(row[2 + which()]) : '';
}
function opener(one, among) {
  return el('button', { type: 'button', class: 'link who', 'aria-label': t('open_card', { name: nameOf(one) }), 'data-id': one.id, on: { click: function () { openCard(one, among || filtered()); } } },
    [el('bdi', { text: nameOf(one) })]);
}
function customerCell(one) {
  var under = one.n ? el('bdi', { class: 'id', text: one.id }) : null;
  return el('span', { class: 'named' }, [opener(one), under, one.st ? el('span', { class: 'tag', text: t('old') }) : null]);
}
function scoreCell(one) {
  return el('span', { class: 'score' }, [el('span', { class: 'strong', text: num(one.s, 1) }), el('span', { class: 'meter', 'aria-hidden': 'true' }, [el('span', { class: BANDS[one.b], style: { width: one.s + '%' } })])]);
}
function changeCell(one) {
  if (!known(one.d)) { return '–'; }
  var kind = one.d <= -0.05 ? 'worse' : one.d >= 0.05 ? 'better' : 'still';
  return el('span', { class: 'move ' + kind, text: signed(one.d, 1) });
}

function filtered() {
  var rows = D.customers.filter(fits), column = columns().find(function (one) { return one.key === list.sort; });
  if (!column) { return rows; }
  var way = list.down ? -1 : 1, order = new Intl.Collator(locale(), { numeric: true });
  return rows.sort(function (a, b) {
    var x = column.by(a), y = column.by(b);
    if (!known(x) || !known(y)) { return known(y) - known(x) || a.need - b.need; }
    return way * (typeof x === 'string' ? order.compare(x, y) : x - y) || a.need - b.need;
  });
}

function filters() {
  var search = el('input', { type: 'search', id: 'search', placeholder: t('search'), 'aria-label': t('search'), autocomplete: 'off', spellcheck: 'false', on: { input: function () {
    list.search = search.value.normalize('NFKC').toLowerCase().trim();
    restart();
  } } });
  search.value = list.search;
  var chips = BANDS.map(function (name, band) {
    return el('button', { type: 'button', class: 'chip', id: 'band-' + name, 'aria-pressed': String(list.bands[band]), on: { click: function (event) {
      list.bands[band] = !list.bands[band];
      event.currentTarget.setAttribute('aria-pressed', String(list.bands[band]));
      restart();
    } } }, [badge(band)]);
  });
  var picks = D.segments.map(function (name, at) {
    var levels = Array.from(new Set(D.customers.map(function (one) { return segmentOf(one, at) || '-'; }))).sort();
    var options = [['', t('all')]].concat(levels.map(function (level) { return [level, level === '-' ? t('no_value') : levelWord(level)]; }));
    return choice('pick-' + name[0], label(name), options, list.segments[at] || '', function (value) {
      if (value) { list.segments[at] = value; } else { delete list.segments[at]; }
      restart();
    });
  });
  if (OWNERS.length) {
    var options = [['', t('all')]].concat(OWNERS.map(function (one) { return [one, one]; }), [['-', t('no_owner')]]);
    picks.push(choice('pick-owner', t('owner'), options, list.owner, function (value) { list.owner = value; restart(); }));
  }
  function tick(key, title) {
    var box = el('input', { type: 'checkbox', id: 'only-' + key, on: { change: function () { list[key] = box.checked; restart(); } } });
    box.checked = list[key];
    return el('label', { class: 'tick' }, [box, el('span', { text: title })]);
  }
  var ticks = [];
  if (D.portfolio.movement) { ticks.push(tick('worse', t('only_worse'))); }
  if (D.portfolio.totals.stale) { ticks.push(tick('stale', t('show_stale'))); }
  return el('div', { class: 'filters' }, [
    el('div', { class: 'row' }, [search, el('div', { class: 'chips', role: 'group', 'aria-label': t('bands') }, chips)].concat(ticks)),
    el('div', { class: 'row' }, picks.concat([
      el('button', { type: 'button', class: 'quiet', id: 'clear', text: t('clear'), on: { click: function () { clearFilters(); worklist('search'); } } })
    ]))
  ]);
}
function clearFilters() {
  Object.assign(list, { search: '', bands: [true, true, true], segments: {}, owner: '', worse: false, stale: false, cell: null, shown: STEP });
}

function worklist(focus) {
  var box = byId('view-worklist');
  fill(box, [filters(), el('div', { id: 'list' })]);
  rowsOf();
  if (focus && byId(focus)) { byId(focus).focus(); }
}
function restart() { list.shown = STEP; rowsOf(); }
function rowsOf(focus) {
  var rows = filtered(), cols = columns();
  var count = el('p', { class: 'count', id: 'count', role: 'status', text: t('shown_of', { n: num(rows.length), total: num(D.customers.length) }) });
  var cell = list.cell ? el('button', { type: 'button', class: 'chip', text: list.cell.said + ' ×', on: { click: function () { list.cell = null; restart(); } } }) : null;
  var out = el('button', { type: 'button', class: 'quiet', id: 'export', text: t('export'), on: { click: function () { exportCsv(rows, cols); } } });
  var heads = cols.map(function (column) {
    var sorted = list.sort === column.key ? (list.down ? 'descending' : 'ascending') : 'none';
    return el('th', { scope: 'col', class: column.n ? 'n' : '', 'aria-sort': sorted, 'data-key': column.key }, [
      el('button', { type: 'button', class: 'sort', on: { click: function () { sortBy(column); } } }, [
        el('span', { text: column.title }), el('span', { class: 'arrow', 'aria-hidden': 'true', text: sorted === 'none' ? '' : list.down ? '▼' : '▲' })
      ])
    ]);
  });
  var lines = rows.slice(0, list.shown).map(function (one) {
    return el('tr', { on: { click: function (event) { if (!event.target.closest('button')) { openCard(one, rows); } } } }, cols.map(function (column) {
      var shown = column.show(one);
      return el('td', { class: column.key + (column.n ? ' n' : ''), 'data-title': column.title }, [shown instanceof Node ? shown : String(shown)]);
    }));
  });
  var left = rows.length - list.shown;
  var more = left > 0 ? el('button', { type: 'button', class: 'more', text: t('show_more', { n: num(Math.min(STEP, left)) }), on: { click: function () { list.shown += STEP; rowsOf(); } } }) : null;
  fill(byId('list'), [
    el('div', { class: 'row between' }, [el('div', { class: 'row' }, [count, cell]), out]),
    rows.length ? el('div', { class: 'scroll list' }, [el('table', { id: 'customers' }, [el('caption', { class: 'hush', text: t('worklist_caption') }), el('thead', {}, [el('tr', {}, heads)]), el('tbody', {}, lines)])]) : el('p', { class: 'empty', text: t('nobody') }),
    more
  ]);
  if (focus) { byId('list').querySelector('[data-key="' + focus + '"] button').focus(); }
}
function sortBy(column) {
  if (list.sort !== column.key) { list.sort = column.key; list.down = Boolean(column.down); } else { list.down = !list.down; }
  rowsOf(column.key);
  say(column.title + (list.down ? ' ▼' : ' ▲'));
}
function showBand(band) { clearFilters(); list.bands = BANDS.map(function (name, at) { return at === band; }); go('worklist'); }
function showCell(cell) { clearFilters(); list.cell = cell; go('worklist'); }
function showList(kind) {
  clearFilters();
  list.bands = kind === 'green' ? [true, false, false] : [false, true, true];
  list.sort = kind === 'green' ? 'health' : 'need';
  list.down = kind === 'green';
  go('worklist');
}

// What a spreadsheet would run as a formula gets an apostrophe in front.
function safeCell(value) {
  if (!known(value)) { return ''; }
  if (typeof value === 'number') { return String(value); }
  var words = /^[\s\u3000]*[=+\-@\t\r\n＝＋－＠−]/.test(value) ? "'" + value : value;
  return '"' + words.replace(/"/g, '""') + '"';
}
function exportCsv(rows) {
  var heads = ['customer_id', 'name', 'owner', 'cutoff', 'health_score', 'health_band', 'churn_probability', 'risk_rank', 'health_score_change', 'mrr', 'mrr_at_risk', 'currency'];
  var names = D.segments.map(function (one) { return one[0]; });
  var lines = [heads.concat(names, ['main_driver']).map(safeCell)].concat(rows.map(function (one) {
    var last = one.h[one.h.length - 1];
    return [one.id, one.n, one.o, last ? D.dates[last[0]] : '', one.s, BANDS[one.b], one.p, one.r, one.d, one.m, one.a, D.meta.currency]
      .concat(names.map(function (name, at) { return segmentOf(one, at); }), [driverWords(one)]).map(safeCell);
  }));
  var body = '\ufeff' + lines.map(function (cells) { return cells.join(','); }).join('\r\n') + '\r\n';
  var link = el('a', { href: URL.createObjectURL(new Blob([body], { type: 'text/csv;charset=utf-8' })), download: 'customers-' + (D.meta.cutoff || 'none') + '.csv' });
  link.click();
  setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  say(t('exported', { n: num(rows.length) }));
}
