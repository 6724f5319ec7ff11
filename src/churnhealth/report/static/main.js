// Tabs, language, theme, printing; then the first drawing.
var VIEWS = { overview: overview, worklist: worklist, figures: figures, model: modelView };
var THEMES = ['auto', 'light', 'dark'];

function remember(key, value) {
  // A page opened from a file may not be allowed to keep anything.
  try { localStorage.setItem('churnhealth-' + key, value); } catch (error) { return; }
}
function remembered(key) {
  try { return localStorage.getItem('churnhealth-' + key); } catch (error) { return null; }
}

function go(name, quiet) {
  state.tab = name;
  Object.keys(VIEWS).forEach(function (one) {
    byId('view-' + one).hidden = one !== name;
    var tab = byId('tab-' + one);
    tab.setAttribute('aria-selected', String(one === name));
    tab.tabIndex = one === name ? 0 : -1;
  });
  VIEWS[name]();
  if (!quiet) {
    byId('main').focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}
function tabs() {
  var names = Object.keys(VIEWS);
  byId('tabs').setAttribute('aria-label', t('tabs'));
  fill(byId('tabs'), names.map(function (name, at) {
    return el('button', { type: 'button', role: 'tab', id: 'tab-' + name, 'aria-controls': 'view-' + name, text: t('tab.' + name), on: {
      click: function () { go(name, true); },
      keydown: function (event) {
        var by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!by) { return; }
        var next = names[(at + by + names.length) % names.length];
        go(next, true);
        byId('tab-' + next).focus();
      }
    } });
  }));
}
function languages() {
  byId('language').setAttribute('aria-label', t('language'));
  fill(byId('language'), [['en', 'EN', 'English'], ['ja', '日本語', '日本語']].map(function (one) {
    return el('button', { type: 'button', id: 'to-' + one[0], lang: one[0], title: one[2], 'aria-pressed': String(state.lang === one[0]), text: one[1], on: { click: function () {
      state.lang = one[0];
      remember('language', one[0]);
      paint();
      byId('to-' + one[0]).focus();
    } } });
  }));
}
function theme(name) {
  if (name === 'auto') { document.documentElement.removeAttribute('data-theme'); } else { document.documentElement.setAttribute('data-theme', name); }
  state.theme = name;
  fill(byId('theme'), [icon(name)]);
}
function horizonWords() { return D.model.horizon_days ? t('within', { n: num(D.model.horizon_days) }) : ''; }

function paint() {
  document.documentElement.lang = state.lang;
  document.title = D.meta.project + ' · ' + t('title');
  document.querySelectorAll('[data-t]').forEach(function (node) { node.textContent = t(node.getAttribute('data-t')); });
  byId('asof').textContent = D.meta.cutoff ? t('title') + ' · ' + t('as_of', { date: D.meta.cutoff }) : t('no_scores');
  byId('foot').textContent = t('foot', { horizon: horizonWords() }) + ' ' + t('made', { date: D.meta.made_at, zone: D.meta.timezone });
  [['theme', 'theme'], ['print', 'print']].forEach(function (one) {
    byId(one[0]).setAttribute('aria-label', t(one[1]));
    byId(one[0]).title = t(one[1]);
  });
  tabs();
  languages();
  go(state.tab, true);
  if (byId('card').open) { showCard(open.one, open.among); }
}

byId('theme').addEventListener('click', function () {
  theme(THEMES[(THEMES.indexOf(state.theme) + 1) % 3]);
  remember('theme', state.theme);
});
fill(byId('print'), [icon('print')]);
byId('print').addEventListener('click', function () { window.print(); });
byId('card').addEventListener('close', function () {
  var id = open.one && open.one.id, back = open.from;
  if (!back || !back.isConnected || back === document.body) {
    back = Array.from(document.querySelectorAll('.who')).find(function (one) { return one.getAttribute('data-id') === id && one.offsetParent; });
  }
  if (back) { back.focus(); }
});
byId('card').addEventListener('click', function (event) { if (event.target === byId('card')) { closeCard(); } });
byId('card').addEventListener('keydown', function (event) {
  if (event.target.closest('input, select')) { return; }
  if (event.key === 'ArrowRight') { step(1); } else if (event.key === 'ArrowLeft') { step(-1); }
});
// On paper every section is there; afterwards only the one that was looked at.
window.addEventListener('beforeprint', function () {
  if (byId('card').open) { document.body.classList.add('one-card'); return; }
  Object.keys(VIEWS).forEach(function (one) { VIEWS[one](); byId('view-' + one).hidden = false; });
});
window.addEventListener('afterprint', function () {
  document.body.classList.remove('one-card');
  go(state.tab, true);
});

theme(THEMES.includes(remembered('theme')) ? remembered('theme') : 'auto');
if (['en', 'ja'].includes(remembered('language'))) { state.lang = remembered('language'); }
paint();
