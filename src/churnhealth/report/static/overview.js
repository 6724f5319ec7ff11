// The portfolio: how many, how healthy, what is at risk, and whom to begin with.
var chosen = { segment: 0, first: -1, second: -1 };

function tile(title, value, help, kind) {
  return el('div', { class: 'tile ' + (kind || '') }, [
    el('p', { class: 'label', text: title }), el('p', { class: 'value', text: value }),
    el('p', { class: 'help', text: help || '' })
  ]);
}

function tiles() {
  var all = D.portfolio.totals, red = D.portfolio.bands[2];
  var share = known(all.mrr) && all.mrr ? t('of_mrr', { share: pct(all.mrr_at_risk / all.mrr) }) : t('at_risk_help');
  var since = D.portfolio.movement ? t('since_last', { date: D.portfolio.movement.since }) : '';
  var found = [
    tile(t('customers'), num(all.customers), known(all.mrr) ? 'MRR ' + money(all.mrr, true) : ''),
    tile(t('in_red'), num(red.customers), t('share_of_customers', { share: pct(red.share) }), 'red'),
    tile(t('expected'), num(all.expected_churners, all.expected_churners < 100 ? 1 : 0), t('expected_help')),
    known(all.mrr_at_risk) ? tile(t('at_risk'), money(all.mrr_at_risk, true), share) : null,
    tile(t('mean_health'), num(all.mean_health, 1), known(all.mean_change) && since ? signed(all.mean_change, 1) + ' ' + since : '')
  ];
  var churn = D.kpi && D.kpi.values.find(function (one) { return one.name === 'churn_rate' || one.name === 'churn_rate_monthly'; });
  if (churn) {
    var guide = churn.guide ? D.guide_words[churn.guide][state.lang] : '';
    found.push(tile(t('monthly_churn') + ' ' + churn.period, pct(churn.value, 1) + t('per_month'), guide, churn.guide === 'above' ? 'yellow' : ''));
  }
  return el('div', { class: 'tiles' }, found);
}

// Scores in tens, as columns like those of the cutoffs.
function tens() {
  return D.portfolio.distribution.map(function (counts, at) {
    return { date: num(10 * at) + '–' + num(10 * at + 10), short: num(10 * at) + '–', counts: counts };
  });
}
function bandPanel() {
  var bands = D.portfolio.bands, counts = bands.map(function (one) { return one.customers; });
  var rows = bands.map(function (one, at) {
    var go = el('button', { type: 'button', class: 'link', on: { click: function () { showBand(at); } } }, [badge(at)]);
    return [go, num(one.customers), pct(one.share), money(one.mrr, true), money(one.mrr_at_risk, true)];
  });
  var heads = [t('band'), t('customers'), t('share'), t('mrr'), t('at_risk')];
  var days = D.portfolio.timeline;
  return panel(t('bands'), '', [
    bar(counts), table(t('bands'), heads, rows, { classes: ['', 'n', 'n', 'n', 'n'] }),
    el('h3', { text: t(days.length > 1 ? 'timeline' : 'distribution') }), timelineChart(days.length > 1 ? days : tens())
  ]);
}

function movementPanel() {
  var move = D.portfolio.movement;
  if (!move) { return null; }
  var worse = 0, better = 0;
  var rows = move.cells.map(function (row, from) {
    return [badge(from)].concat(row.map(function (count, to) {
      if (to > from) { worse += count; } else if (to < from) { better += count; }
      var kind = !count || to === from ? 'still' : to > from ? 'worse' : 'better';
      return el('span', { class: 'move ' + kind, text: num(count) });
    }));
  });
  var heads = [t('movement_from') + ' ↓ ' + t('movement_to') + ' →'].concat(BANDS.map(function (band) { return t('band.' + band); }));
  var said = [t('worsened', { n: num(worse) }), t('improved', { n: num(better) })];
  var more = [t('joined') + ' ' + num(move.joined), t('gone') + ' ' + num(move.gone)];
  if (known(move.mrr_at_risk_before) && known(D.portfolio.totals.mrr_at_risk)) {
    more.push(t('at_risk') + ' ' + money(move.mrr_at_risk_before, true) + ' → ' + money(D.portfolio.totals.mrr_at_risk, true));
  }
  return panel(t('movement', { date: move.since }), '', [
    el('p', { class: 'lead', text: said.join(' · ') }), table(t('movement', { date: move.since }), heads, rows, { classes: ['', 'n', 'n', 'n'] }),
    el('p', { class: 'help', text: more.join(' · ') })
  ]);
}

function segmentPanel() {
  var all = D.portfolio.segments;
  if (!all.length) { return null; }
  var one = all[Math.min(chosen.segment, all.length - 1)];
  var pick = choice('segment', t('segment'), D.segments.map(function (name, at) { return [at, label(name)]; }), chosen.segment, function (value) {
    chosen.segment = Number(value);
    overview('segment');
  });
  var rows = one.levels.map(function (level) {
    return [levelWord(level.level), bar(level.counts), num(level.counts.reduce(function (a, b) { return a + b; }, 0)), pct(level.churn_probability), money(level.mrr_at_risk, true)];
  });
  var more = [one.more_levels ? t('more_levels', { n: num(one.more_levels) }) : '', one.unknown ? t('unknown', { n: num(one.unknown) }) : ''].filter(Boolean);
  var heads = [label(D.segments[chosen.segment]), t('bands'), t('customers'), t('mean_probability'), t('at_risk')];
  return panel(t('by_segment'), more.join(' · '), [table(t('by_segment'), heads, rows, { classes: ['', 'wide', 'n', 'n', 'n'] })], [pick]);
}

function axesPanel() {
  var names = Object.keys(D.portfolio.cuts);
  if (names.length < 2) { return null; }
  if (chosen.first < 0) {
    // What people look at most: how much it is used, and how content they are.
    var liked = ['usage', 'satisfaction', 'touch', 'support', 'engagement'].concat(names).filter(function (name) { return names.includes(name); });
    liked = Array.from(new Set(liked));
    chosen.first = names.indexOf(liked[0]);
    chosen.second = names.indexOf(liked[1]);
  }
  var first = names[chosen.first], second = names[chosen.second];
  var swapped = false, pair = D.portfolio.axes.find(function (one) { return one.first === first && one.second === second; });
  if (!pair) { swapped = true; pair = D.portfolio.axes.find(function (one) { return one.first === second && one.second === first; }); }
  var options = names.map(function (name, at) { return [at, label(groupOf(name))]; });
  function pick(id, title, key, other) {
    return choice(id, title, options, chosen[key], function (value) {
      var was = chosen[key];
      chosen[key] = Number(value);
      if (chosen[other] === chosen[key]) { chosen[other] = was; }
      overview(id);
    });
  }
  var most = Math.max.apply(null, pair.cells.map(function (cell) { return cell[1] || 0; }));
  var grid = [2, 1, 0].map(function (down) {
    var cells = [0, 1, 2].map(function (across) {
      // The axis across is the first choice, the axis down the second.
      var cell = pair.cells[swapped ? down * 3 + across : across * 3 + down];
      var share = most ? (cell[1] || 0) / most : 0;
      var said = t('axes_filter', { first: label(groupOf(first)), a: t('third.' + across), second: label(groupOf(second)), b: t('third.' + down) });
      return el('td', {}, [el('button', {
        type: 'button', class: 'cell', disabled: !cell[0], style: { '--heat': Math.round(share * 100) + '%' },
        'aria-label': said + ' – ' + t('customers_n', { n: num(cell[0]) }) + ', ' + pct(cell[1]),
        on: { click: function () { showCell({ first: first, a: across, second: second, b: down, said: said }); } }
      }, [el('strong', { text: cell[0] ? pct(cell[1]) : '–' }), el('span', { text: t('customers_n', { n: num(cell[0]) }) })])]);
    });
    return el('tr', {}, [el('th', { scope: 'row', text: t('third.' + down) })].concat(cells));
  });
  var foot = el('tr', {}, [el('td', {})].concat([0, 1, 2].map(function (across) { return el('th', { scope: 'col', text: t('third.' + across) }); })));
  return panel(t('two_axes'), t('two_axes_help'), [
    el('table', { class: 'matrix' }, [el('caption', { class: 'hush', text: t('two_axes') }), el('colgroup', {}, [el('col', { class: 'first' })]), el('tbody', {}, grid.concat([foot]))])
  ], [el('div', { class: 'choices' }, [pick('axis-x', t('axis_x'), 'first', 'second'), pick('axis-y', t('axis_y'), 'second', 'first')])]);
}

function shortList(title, help, rows, all) {
  var lines = rows.slice(0, all ? 7 : 9).map(function (one) {
    return el('li', {}, [
      opener(one, rows), el('span', { class: 'why', text: driverWords(one) }),
      el('span', { class: 'n strong', text: num(one.s, 0) }),
      el('span', { class: 'n', text: known(one.a) ? money(all ? one.m : one.a, true) : pct(one.p) })
    ]);
  });
  var see = el('button', { type: 'button', class: 'quiet', text: t('see_all'), on: { click: function () { showList(all ? 'green' : 'need'); } } });
  if (!lines.length) { return panel(title, help, [el('p', { class: 'empty', text: t('none') })]); }
  var amount = known(D.portfolio.totals.mrr_at_risk) ? t(all ? 'mrr' : 'at_risk') : t('probability');
  var heads = el('p', { class: 'heads' }, [t('customer'), t('main_driver'), t('health'), amount].map(function (words, at) {
    return el('span', { class: ['', 'why', 'n', 'n'][at], text: words });
  }));
  return panel(title, help, [el('div', { class: 'short' }, [heads, el('ol', {}, lines)])], [see]);
}

function needy() { return D.customers.filter(function (one) { return !one.st && one.b > 0; }); }
function growing() {
  return D.customers.filter(function (one) { return !one.st && one.b === 0; }).sort(function (a, b) {
    return Math.floor(b.s) - Math.floor(a.s) || (b.m || 0) - (a.m || 0);
  });
}

function overview(focus) {
  var kids = [];
  if (D.warnings.length) {
    kids.push(el('details', { class: 'notice', open: D.warnings.length < 3 }, [el('summary', { text: t('warnings') + ' (' + D.warnings.length + ')' }),
      el('ul', {}, D.warnings.map(function (one) { return el('li', { text: one[state.lang] }); }))]));
  }
  if (!D.meta.cutoff) { kids.push(el('p', { class: 'empty', text: t('no_scores') })); }
  else {
    kids.push(tiles());
    kids.push(el('div', { class: 'two' }, [shortList(t('first_calls'), t('first_calls_help'), needy(), false), bandPanel()]));
    kids.push(el('div', { class: 'two even' }, [movementPanel(), segmentPanel()]));
    kids.push(el('div', { class: 'two even' }, [axesPanel(), shortList(t('grow'), t('grow_help'), growing(), true)]));
  }
  fill(byId('view-overview'), kids);
  if (focus && byId(focus)) { byId(focus).focus(); }
}
