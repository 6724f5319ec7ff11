// Small pictures drawn from numbers: no library, and colours that follow light and dark.
function bar(counts, title) {
  var total = counts.reduce(function (a, b) { return a + b; }, 0);
  return el('div', { class: 'bar', role: 'img', 'aria-label': title || barWords(counts) },
    counts.map(function (count, band) {
      if (!count) { return null; }
      var wide = count / total > 0.1;
      return el('span', {
        class: BANDS[band], style: { 'flex-grow': count },
        title: t('band.' + BANDS[band]) + ' ' + num(count), text: wide ? num(count) : ''
      });
    }));
}
function barWords(counts) {
  return counts.map(function (count, band) { return t('band.' + BANDS[band]) + ' ' + num(count); }).join(', ');
}

function line(points) { return points.map(function (one, at) { return (at ? 'L' : 'M') + one[0].toFixed(1) + ' ' + one[1].toFixed(1); }).join(''); }
// As wide as there is room for, so that letters keep their size on a phone.
function room(most) { return Math.max(260, Math.min(most, window.innerWidth - 76)); }
function label2(x, y, words, more) {
  return draw('text', Object.assign({ x: x, y: y, class: 'axis', text: words }, more || {}));
}

// Stacked columns: how many customers stood in each band at each cutoff.
function timelineChart(days) {
  var w = room(520), h = 150, foot = 22, top = 8, step = w / days.length, wide = Math.min(46, step * 0.7);
  var most = Math.max.apply(null, days.map(function (one) { return one.counts.reduce(function (a, b) { return a + b; }, 0); }));
  var kids = [], shownEach = Math.ceil(days.length / 10);
  days.forEach(function (day, at) {
    var y = h - foot, x = at * step + (step - wide) / 2;
    day.counts.forEach(function (count, band) {
      var tall = most ? (h - foot - top) * count / most : 0;
      y -= tall;
      kids.push(draw('rect', { x: x, y: y, width: wide, height: Math.max(0, tall - 1), rx: 2, class: 'fill-' + BANDS[band] },
        [draw('title', { text: day.date + ' ' + t('band.' + BANDS[band]) + ' ' + num(count) })]));
    });
    if ((days.length - 1 - at) % shownEach === 0) {
      kids.push(label2(x + wide / 2, h - 6, day.short || day.date.slice(2), { 'text-anchor': 'middle' }));
    }
  });
  var said = days.map(function (day) { return day.date + ': ' + barWords(day.counts); }).join('; ');
  return draw('svg', { viewBox: '0 0 ' + w + ' ' + h, role: 'img', 'aria-label': said, class: 'chart', style: { 'max-width': w + 'px' } }, kids);
}

// One customer's scores over time; the dots have the colour of their band.
function historyChart(points) {
  var w = room(330), h = 130, left = 30, foot = 20, top = 10;
  var scores = points.map(function (one) { return one[1]; });
  var low = Math.max(0, Math.floor((Math.min.apply(null, scores) - 6) / 10) * 10);
  var high = Math.min(100, Math.ceil((Math.max.apply(null, scores) + 2) / 10) * 10);
  if (high === low) { high = low + 10; }
  function x(at) { return left + 14 + (w - left - 34) * (points.length > 1 ? at / (points.length - 1) : 0.5); }
  function y(score) { return top + (h - foot - top) * (1 - (score - low) / (high - low)); }
  var kids = [low, (low + high) / 2, high].map(function (score) {
    return draw('g', {}, [
      draw('line', { x1: left, x2: w, y1: y(score), y2: y(score), class: 'grid' }),
      label2(left - 6, y(score) + 4, num(score), { 'text-anchor': 'end' })
    ]);
  });
  kids.push(draw('path', { d: line(points.map(function (one, at) { return [x(at), y(one[1])]; })), class: 'trace' }));
  points.forEach(function (one, at) {
    kids.push(draw('circle', { cx: x(at), cy: y(one[1]), r: 5, class: 'dot fill-' + BANDS[one[2]] },
      [draw('title', { text: D.dates[one[0]] + ': ' + num(one[1], 1) })]));
    if (at === 0 || at === points.length - 1) {
      kids.push(label2(x(at), h - 5, D.dates[one[0]], { 'text-anchor': points.length === 1 ? 'middle' : at ? 'end' : 'start' }));
    }
  });
  var said = points.map(function (one) { return D.dates[one[0]] + ': ' + num(one[1], 1); }).join(', ');
  return draw('svg', { viewBox: '0 0 ' + w + ' ' + h, role: 'img', 'aria-label': said, class: 'chart', style: { 'max-width': w + 'px' } }, kids);
}

// From the base to the score: one step per driver.
function waterfall(one) {
  var at = one.base, low = one.base, high = one.base;
  var steps = [{ name: t('base'), from: one.base, to: one.base, total: one.base, kind: 'sum' }];
  one.x.forEach(function (row) {
    var entry = D.indicators[row[0]], others = entry[0] === '(all others)';
    var step = { name: others ? t('others') : label(entry), from: at, to: at + row[1], points: row[1], kind: row[1] < 0 ? 'down' : 'up', why: others ? '' : beyond(label(entry), text(row[2 + which()])) };
    at += row[1];
    low = Math.min(low, at); high = Math.max(high, at);
    steps.push(step);
  });
  steps.push({ name: t('score'), from: one.s, to: one.s, total: one.s, kind: 'sum' });
  var room = Math.max(4, (high - low) * 0.06), from = Math.max(0, low - room), to = Math.min(100, high + room);
  function share(value) { return 100 * (Math.min(to, Math.max(from, value)) - from) / (to - from); }
  return el('ol', { class: 'waterfall' }, steps.map(function (step) {
    var a = share(Math.min(step.from, step.to)), b = share(Math.max(step.from, step.to));
    if (step.kind === 'sum') { a = 0; }
    var shown = step.kind === 'sum' ? num(step.total, 1) : signed(step.points, 1);
    return el('li', { class: step.kind }, [
      el('span', { class: 'what' }, [el('span', { class: 'name', text: step.name }), step.why ? el('span', { class: 'why', text: step.why }) : null]),
      el('span', { class: 'track', 'aria-hidden': 'true' }, [el('span', { class: 'step', style: { left: a + '%', width: Math.max(0.6, b - a) + '%' } })]),
      el('span', { class: 'n', text: shown })
    ]);
  }));
}

// Predicted against observed churn, each in its range by chance.
function calibrationChart(rows) {
  var w = room(420), h = 300, left = 60, foot = 36, top = 10;
  var most = Math.max.apply(null, rows.map(function (one) { return Math.max(one.mean_predicted, one.observed, one.band_high || 0); }));
  most = Math.max(0.05, Math.ceil(most * 10.5) / 10);
  if (most > 1) { most = 1; }
  function x(value) { return left + (w - left - 12) * value / most; }
  function y(value) { return h - foot - (h - foot - top) * value / most; }
  var tick = most > 0.5 ? 0.2 : most > 0.2 ? 0.1 : 0.02, ticks = [];
  for (var value = 0; value <= most + 1e-9; value += tick) { ticks.push(value); }
  var kids = ticks.map(function (value) {
    return draw('g', {}, [
      draw('line', { x1: left, x2: w - 12, y1: y(value), y2: y(value), class: 'grid' }),
      label2(left - 6, y(value) + 4, pct(value, 0), { 'text-anchor': 'end' }),
      label2(x(value), h - foot + 16, pct(value, 0), { 'text-anchor': 'middle' })
    ]);
  });
  kids.push(draw('line', { x1: x(0), y1: y(0), x2: x(most), y2: y(most), class: 'diagonal' }));
  rows.forEach(function (one) {
    if (known(one.band_low)) {
      kids.push(draw('line', { x1: x(one.mean_predicted), x2: x(one.mean_predicted), y1: y(one.band_low), y2: y(Math.min(most, one.band_high)), class: 'range' }));
    }
    kids.push(draw('circle', { cx: x(one.mean_predicted), cy: y(one.observed), r: 4.5, class: one.inside === false ? 'point odd' : 'point' },
      [draw('title', { text: t('predicted') + ' ' + pct(one.mean_predicted, 1) + ', ' + t('observed') + ' ' + pct(one.observed, 1) })]));
  });
  kids.push(label2((w + left) / 2, h - 4, t('predicted'), { 'text-anchor': 'middle' }));
  kids.push(label2(12, (h - foot) / 2, t('observed'), { 'text-anchor': 'middle', transform: 'rotate(-90 12 ' + (h - foot) / 2 + ')' }));
  return draw('svg', { viewBox: '0 0 ' + w + ' ' + h, role: 'img', 'aria-label': t('calibration'), class: 'chart square', style: { 'max-width': w + 'px' } }, kids);
}

// Monthly churn with its interval, and the guide of 3 % a month.
function churnChart(rows) {
  var w = room(1180), h = 200, left = 44, foot = 24, top = 12, right = 64;
  var most = Math.max.apply(null, rows.map(function (one) { return one.churn_high; }).concat([0.045]));
  function x(at) { return left + 16 + (w - left - right - 32) * (rows.length > 1 ? at / (rows.length - 1) : 0.5); }
  function y(value) { return h - foot - (h - foot - top) * value / most; }
  var kids = [0, most / 2, most].map(function (value) {
    return draw('g', {}, [
      draw('line', { x1: left, x2: w - right, y1: y(value), y2: y(value), class: 'grid' }),
      label2(left - 6, y(value) + 4, pct(value, 1), { 'text-anchor': 'end' })
    ]);
  });
  kids.push(draw('line', { x1: left, x2: w - right, y1: y(0.03), y2: y(0.03), class: 'guide' }));
  kids.push(label2(w - right + 4, y(0.03) + 4, t('guide')));
  kids.push(draw('path', { d: line(rows.map(function (one, at) { return [x(at), y(one.churn_rate)]; })), class: 'trace' }));
  rows.forEach(function (one, at) {
    kids.push(draw('line', { x1: x(at), x2: x(at), y1: y(one.churn_low), y2: y(one.churn_high), class: 'range' }));
    kids.push(draw('circle', { cx: x(at), cy: y(one.churn_rate), r: 4, class: one.guide === 'above' ? 'point odd' : 'point' },
      [draw('title', { text: one.month.slice(0, 7) + ': ' + pct(one.churn_rate, 1) })]));
    if ((rows.length - 1 - at) % Math.ceil(rows.length / 7) === 0) {
      kids.push(label2(x(at), h - 6, one.month.slice(2, 7), { 'text-anchor': 'middle' }));
    }
  });
  return draw('svg', { viewBox: '0 0 ' + w + ' ' + h, role: 'img', 'aria-label': t('churn_chart'), class: 'chart', style: { 'max-width': w + 'px' } }, kids);
}
