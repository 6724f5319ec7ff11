// The key figures: values with their period, months, cohorts, NPS.
function figureText(one) {
  if (one.unit.indexOf('share') === 0) { return pct(one.value, 1) + (one.unit === 'share/month' ? t('per_month') : ''); }
  if (one.unit === 'points') { return signed(one.value, 0); }
  if (one.unit === 'months') { return t('months', { n: num(one.value, 1) }); }
  if (one.unit === 'customers') { return num(one.value, one.value % 1 && one.value < 100 ? 1 : 0); }
  return money(one.value, one.value >= 1e6) + (one.unit.slice(-6) === '/month' ? t('per_month') : '');
}
function figures() {
  var box = byId('view-figures'), all = D.kpi;
  if (!all) { fill(box, [el('p', { class: 'empty', text: t('no_kpi') })]); return; }
  var found = all.values.map(function (one) {
    var said = [one.period, known(one.low) ? t('interval') + ' ' + pct(one.low, 1) + '–' + pct(one.high, 1) : '', one.guide ? D.guide_words[one.guide][state.lang] : ''];
    return tile(D.kpi_labels[one.name][state.lang], figureText(one), said.filter(Boolean).join(' · '), one.guide === 'above' ? 'yellow' : '');
  });
  var notes = all.notes.length ? el('ul', { class: 'notes' }, all.notes.map(function (one) { return el('li', { text: one[state.lang] }); })) : null;
  fill(box, [el('div', { class: 'tiles' }, found), notes, monthPanel(all.monthly), cohortPanel(all.cohorts), npsPanel(all.nps)]);
}
function monthPanel(rows) {
  if (!rows.length) { return null; }
  var names = ['churn_rate', 'mrr_churn_rate', 'mrr_expansion_rate', 'net_revenue_retention'];
  var heads = [t('month'), t('customers'), t('churned'), t('new')].concat(names.map(function (name) { return D.kpi_labels[name][state.lang]; }));
  var cells = rows.map(function (one) {
    return [one.month.slice(0, 7), num(one.customers), num(one.churned), num(one.joined)].concat(names.map(function (name) { return pct(one[name], 1); }));
  });
  return panel(t('monthly'), t('churn_chart'), [churnChart(rows), table(t('monthly'), heads, cells, { classes: ['', 'n', 'n', 'n', 'n', 'n', 'n', 'n'] })]);
}
function cohortPanel(rows) {
  if (!rows.length) { return null; }
  var names = Array.from(new Set(rows.map(function (one) { return one.cohort; }))).sort().slice(-18);
  var periods = Array.from(new Set(rows.filter(function (one) { return names.includes(one.cohort); }).map(function (one) { return one.period; }))).sort(function (a, b) { return a - b; });
  var at = {};
  rows.forEach(function (one) { at[one.cohort + ' ' + one.period] = one; });
  var lines = names.map(function (name) {
    return [name.slice(0, 7), num(at[name + ' 0'].customers)].concat(periods.map(function (period) {
      var one = at[name + ' ' + period];
      if (!one) { return ''; }
      return el('span', { class: 'heat', style: { '--heat': Math.round(100 * Math.max(0, (one.retention - 0.4) / 0.6)) + '%' }, title: num(one.retained) + ' / ' + num(one.customers), text: num(100 * one.retention) });
    }));
  });
  var classes = ['', 'n'].concat(periods.map(function () { return 'n tight'; }));
  return panel(t('cohorts'), t('cohorts_help') + ' (%)', [table(t('cohorts'), [t('cohort'), t('customers')].concat(periods.map(String)), lines, { classes: classes })]);
}
function npsPanel(rows) {
  if (!rows.length) { return null; }
  var lines = rows.map(function (one) { return [one.month.slice(0, 7), signed(one.nps, 0), num(one.answers), num(one.asked), pct(one.response_rate)]; });
  return panel(t('nps_months'), '', [table(t('nps_months'), [t('month'), 'NPS', t('answers'), t('asked'), D.kpi_labels.nps_response_rate[state.lang]], lines, { classes: ['', 'n', 'n', 'n', 'n'] })]);
}
