// Debian's Chromium as a process that a test talks to: one JSON order per line in, one JSON answer per line out.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [executablePath] = process.argv.slice(2);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const pages = new Map();
const contexts = new Map();
const measuring = new Map();

/** What the page complained about, and every address that it asked. */
const complaints = [];
const asked = new Set();

function find(page, { role, name, label, text, css, within }) {
  const root = within ? page.getByRole(within[0], within[1] ? { name: within[1], exact: true } : {}) : page;
  if (css) return root.locator(css);
  if (label) return root.getByLabel(label, { exact: true });
  if (role) return root.getByRole(role, name === undefined ? {} : { name, exact: true });
  return root.getByText(text);
}

const orders = {
  async open({ window, url, width = 1440, height = 900, scheme = "light", user = window }) {
    if (!contexts.has(user)) contexts.set(user, await browser.newContext({ reducedMotion: "reduce", locale: "en-GB" }));
    const page = await contexts.get(user).newPage();
    page.on("pageerror", (error) => complaints.push(`${window}: ${error}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        complaints.push(`${window}: ${message.text()}`);
      }
    });
    page.on("request", (request) => asked.add(new URL(request.url()).origin));
    page.setDefaultTimeout(15_000);
    pages.set(window, page);
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme });
    const answer = await page.goto(url);
    return answer.headers();
  },
  async look({ window, width, height, scheme }) {
    if (width) await pages.get(window).setViewportSize({ width, height });
    if (scheme) await pages.get(window).emulateMedia({ colorScheme: scheme });
  },
  fill: ({ window, value, ...what }) => find(pages.get(window), what).fill(value),
  press: ({ window, ...what }) => find(pages.get(window), what).click(),
  key: ({ window, keys }) => pages.get(window).keyboard.press(keys),
  see: ({ window, patience, ...what }) =>
    find(pages.get(window), what)
      .first()
      .waitFor({ state: "visible", timeout: patience * 1000 }),
  gone: ({ window, ...what }) => find(pages.get(window), what).first().waitFor({ state: "hidden" }),
  read: ({ window, ...what }) => find(pages.get(window), what).allInnerTexts(),
  // Not waitForFunction, which asks the page to make code from text; its policy forbids that.
  async until({ window, condition, argument, within }) {
    const expression = `Boolean((${condition})(${JSON.stringify(argument ?? null)}))`;
    const end = Date.now() + within * 1000;
    while (!(await pages.get(window).evaluate(expression))) {
      if (Date.now() > end) throw new Error(`not true within ${within} s: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
  evaluate: ({ window, expression }) => pages.get(window).evaluate(expression),
  async axe({ window }) {
    const page = pages.get(window);
    await page.evaluate(AXE);
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await page.evaluate((values) => globalThis.axe.run({ runOnly: values }), tags);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
  },
  /** What the page has cost since this was asked first, in seconds of its thread on a processor, and bytes. */
  async metrics({ window }) {
    if (!measuring.has(window)) {
      const page = pages.get(window);
      measuring.set(window, await page.context().newCDPSession(page));
      await measuring.get(window).send("Performance.enable", { timeDomain: "threadTicks" });
    }
    const { metrics } = await measuring.get(window).send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  },
  shot: ({ window, path, whole = false }) => pages.get(window).screenshot({ path, fullPage: whole }).then(() => null),
  reload: ({ window }) => pages.get(window).reload().then(() => null),
  close: ({ window }) => pages.get(window).close(),
  facts: () => ({ complaints, asked: [...asked] }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...what } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ done: (await orders[order](what)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error.message ?? error) }));
  }
}
await browser.close();
