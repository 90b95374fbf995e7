// Usage: node .ci/reports.cjs NODE_FOLDER OUT PAGE
// Opens PAGE in headless Chromium without a network, light, dark and printed; takes pictures; asks axe-core about each;
// walks it with the tabulator key. Fails on any finding, on anything that the page would load or say on its console,
// and on what is cut off at the right of a narrow screen. See .ci/reports.
const fs = require('fs');
const path = require('path');
const [folder, out, page] = process.argv.slice(2);
const puppeteer = require(path.join(folder, 'node_modules/puppeteer-core'));
const axe = fs.readFileSync(path.join(folder, 'node_modules/axe-core/axe.min.js'), 'utf8');

const faults = [];
const fault = (text) => faults.push(text);

async function looks(tab, name) {
  await tab.screenshot({ path: path.join(out, `${name}.png`), fullPage: true });
  await tab.evaluate(axe);
  const told = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  for (const { id, help, nodes } of told.violations) fault(`${name}: ${id}: ${help}: ${nodes[0].html.slice(0, 160)}`);
  return told.passes.length;
}

async function keys(tab) {
  await tab.bringToFront();
  const stops = await tab.evaluate(() => document.querySelectorAll('a[href],summary,[tabindex="0"]').length);
  const met = new Set();
  for (let turn = 0; turn < stops + 2; turn += 1) {
    await tab.keyboard.press('Tab');
    const seen = await tab.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return null;
      const style = getComputedStyle(at);
      return { name: at.outerHTML.slice(0, 80), ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none' };
    });
    if (!seen) continue;
    met.add(seen.name);
    if (!seen.ring) fault(`the focus does not show on ${seen.name}`);
  }
  if (stops === 0) fault('nothing can be reached by key');
  if (met.size < stops) fault(`${met.size} of ${stops} are reached by key`);
  const landmarks = await tab.evaluate(() => ['main', 'header', 'nav'].filter((name) => !document.querySelector(name)));
  landmarks.forEach((name) => fault(`no ${name}`));
  return stops;
}

async function main() {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM || 'chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND'],
  });
  try {
    const tab = await browser.newPage();
    tab.on('request', (request) => {
      if (!request.url().startsWith('file:')) fault(`loads ${request.url()}`);
    });
    tab.on('console', (line) => fault(`console: ${line.text()}`));
    tab.on('dialog', (dialog) => { fault('a dialog opened'); dialog.dismiss(); });
    const passes = [];
    for (const scheme of ['light', 'dark']) {
      await tab.setViewport({ width: 1100, height: 900 });
      await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await tab.goto(`file://${page}`);
      passes.push(await looks(tab, scheme));
    }
    const stops = await keys(tab);
    await tab.setViewport({ width: 360, height: 800 });
    const wide = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) fault(`${wide} pixels are cut off on a narrow screen`);
    await tab.screenshot({ path: path.join(out, 'narrow.png') });
    await tab.setViewport({ width: 794, height: 1123 });
    await tab.emulateMediaType('print');
    passes.push(await looks(tab, 'print'));
    await tab.pdf({ path: path.join(out, 'print.pdf'), format: 'a4' });
    console.log(`page: ${passes.join(', ')} rules hold in light, dark and print; ${stops} stops by key; ${faults.length} faults`);
  } finally {
    await browser.close();
  }
  faults.forEach((text) => console.log(`  ${text}`));
  process.exitCode = faults.length ? 1 : 0;
}

main().catch((error) => { console.error(String(error)); process.exitCode = 1; });
