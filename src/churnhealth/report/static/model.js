// The model and its data: where it comes from, whether it is right, what is missing.
function modelView() {
  fill(byId('model'), [
    el('div', { class: 'two even' }, [modelPanel(), calibrationPanel()]),
    el('div', { class: 'two even' }, [truePanel(), checksPanel()]), surprisesPanel(), driftPanel(), coveragePanel()
  ]);
}
function day(moment) { return known(moment) ? new Intl.DateTimeFormat('sv-SE', { timeZone: D.meta.timezone }).format(new Date(moment)) : '–'; }
function modelPanel() {
  var one = D.model;
  if (!one.trained_at) { return panel(t('model'), '', [el('p', { class: 'empty', text: t('no_model') })]); }
  var rows = [
    [t('model_version'), one.model_version], [t('trained'), day(one.trained_at)],
    one.label_known_through ? [t('known_through'), day(one.label_known_through)] : null,
    one.horizon_days ? [t('horizon'), t('days', { n: num(one.horizon_days) })] : null,
    one.bands ? [t('cut_yellow'), pct(one.bands.yellow, 1)] : null, one.bands ? [t('cut_red'), pct(one.bands.red, 1)] : null
  ];
  var digits = { lift_at_10pct: 2, roc_auc: 3, calibration_slope: 2 };
  var metrics = one.metrics.map(function (row) {
    var many = row[0] in digits ? digits[row[0]] : 4;
    return [t('metric.' + row[0]), num(row[1], many), known(row[2]) ? num(row[2], many) + ' – ' + num(row[3], many) : ''];
  });
  return panel(t('model'), '', [pairs(rows), metrics.length ? el('h3', { text: t('quality') }) : null,
    metrics.length ? table(t('quality'), [t('metric'), t('value'), t('interval')], metrics, { classes: ['', 'n', 'n'] }) : null]);
}
function calibrationPanel() {
  var rows = D.model.calibration;
  if (!rows.length) { return null; }
  var lines = rows.map(function (one) { return [num(one.customers), pct(one.mean_predicted, 1), pct(one.observed, 1), pct(one.band_low, 1) + ' – ' + pct(one.band_high, 1)]; });
  return panel(t('calibration'), t('calibration_help'), [calibrationChart(rows),
    el('details', {}, [el('summary', { text: t('as_table') }), table(t('calibration'), [t('customers'), t('predicted'), t('observed'), t('chance')], lines, { classes: ['n', 'n', 'n', 'n'] })])]);
}
function truePanel() {
  var rows = D.monitor.months;
  if (!rows.length) { return panel(t('came_true'), '', [el('p', { class: 'empty', text: t('no_monitor') })]); }
  var lines = rows.map(function (one) {
    return [one.period, num(one.customers), num(one.predicted_churners, 1), num(one.churners), num(one.churners_low, 0) + ' – ' + num(one.churners_high, 0), t(one.verdict)];
  });
  return panel(t('came_true'), '', [table(t('came_true'), [t('month'), t('scores'), t('predicted'), t('churned'), t('chance'), ''], lines, { classes: ['', 'n', 'n', 'n', 'n', ''] })]);
}
function checksPanel() {
  if (!D.monitor.checks.length) { return null; }
  var lines = D.monitor.checks.map(function (one) { return [one['check_' + state.lang], el('span', { class: 'tag ' + one.status, text: t(one.status === 'unknown' ? 'unknown_status' : one.status) }), one['reason_' + state.lang]]; });
  return panel(t('checks'), '', [table(t('checks'), [t('check'), t('status'), t('why')], lines, { classes: ['', '', 'why'] })]);
}
function surprisesPanel() {
  if (!D.monitor.surprises.length) { return null; }
  var lines = D.monitor.surprises.map(function (one) {
    return [el('bdi', { text: one.customer_id }), t(one.finding), day(one.cutoff), num(one.health_score, 1), (one['reasons_' + state.lang] || '').split('\n')[0]];
  });
  return panel(t('surprises'), '', [table(t('surprises'), [t('customer'), '', t('month'), t('health'), t('main_driver')], lines, { classes: ['', '', '', 'n', 'why'] })]);
}
function driftPanel() {
  if (!D.monitor.drift.length) { return null; }
  var lines = D.monitor.drift.map(function (one) {
    var entry = D.coverage.find(function (row) { return row[0] === one.indicator; });
    return [entry ? label(entry) : one.indicator, num(one.psi, 2), one.verdict];
  });
  return panel(t('drift'), '', [table(t('drift'), [t('indicator'), 'PSI', t('status')], lines, { classes: ['', 'n', ''] })]);
}
function coveragePanel() {
  if (!D.coverage.length) { return null; }
  var gaps = D.coverage.filter(function (row) { return row[5] < 1; }), whole = D.coverage.length - gaps.length;
  var lines = gaps.map(function (row) {
    return [label(row), capital(row[3 + which()]), el('span', { class: 'score' }, [el('span', { text: pct(row[5], row[5] > 0.99 ? 1 : 0) }), el('span', { class: 'meter', 'aria-hidden': 'true' }, [el('span', { class: 'plain', style: { width: 100 * row[5] + '%' } })])])];
  });
  return panel(t('coverage'), t('coverage_help') + ' ' + t('covered', { n: num(whole) }), [
    lines.length ? table(t('coverage'), [t('indicator'), t('group'), t('share')], lines, { classes: ['', '', 'n'] }) : null]);
}
