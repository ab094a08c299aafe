// node look.mjs JOB: open a page in headless Chromium, do steps in it, and print what they give as JSON.
// JOB: {browser, url, dark, width, height, steps: [{press | type | click | wait | evaluate | measure | screenshot | run | scheme, name}]}
import { chromium } from "playwright-core";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
/** Where everything is, in pixels of the screen, and what is wrong with it. Runs in the page. */
function measure() {
  const scene = document.getElementById("scene"), matrix = scene.getScreenCTM(), scale = matrix.a;
  const boxes = [...document.querySelectorAll("#scene .box")].map((element) => {
    const { left, top, right, bottom } = element.querySelector(".shape").getBoundingClientRect();
    return { id: element.dataset.id, left, top, right, bottom, element };
  });
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const distance = (box, point) => Math.max(box.left - point.x, point.x - box.right, box.top - point.y, point.y - box.bottom);
  const wrong = [];
  const edges = [...document.querySelectorAll("#scene .edge")];
  const near = 1.5 * scale;
  for (const edge of edges) {
    const length = edge.getTotalLength();
    const at = (l) => edge.getPointAtLength(l).matrixTransform(matrix);
    const [from, to] = [byId.get(edge.dataset.from), byId.get(edge.dataset.to)];
    const name = `${edge.dataset.from} -> ${edge.dataset.to}`;
    if (Math.abs(distance(from, at(0))) > near) wrong.push(`${name} does not start at its box`);
    if (Math.abs(distance(to, at(length))) > near) wrong.push(`${name} does not end at its box`);
    if (!getComputedStyle(edge).markerEnd.includes("arrow")) wrong.push(`${name} has no arrow`);
    const area = edge.getBoundingClientRect();
    const met = boxes.filter((box) => box.left < area.right && box.right > area.left && box.top < area.bottom && box.bottom > area.top);
    const steps = Math.max(2, Math.ceil(length / 12))  /* boxes are 34 high */;
    for (let i = 1; i < steps; i++) {
      const point = at((length * i) / steps);
      const hit = met.find((box) => distance(box, point) < -near);
      if (hit) { wrong.push(`${name} crosses ${hit.id}`); break; }
    }
  }
  for (let i = 0; i < boxes.length; i++) {
    for (let j = i + 1; j < boxes.length; j++) {
      const [a, b] = [boxes[i], boxes[j]];
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) wrong.push(`${a.id} overlaps ${b.id}`);
    }
  }
  let smallest = Infinity;
  for (const box of boxes) {
    for (const text of box.element.querySelectorAll("text")) {
      const { left, top, right, bottom, height } = text.getBoundingClientRect();
      if (left < box.left || right > box.right || top < box.top - 0.5 || bottom > box.bottom + 0.5) wrong.push(`the text of ${box.id} is cut`);
      smallest = Math.min(smallest, height);
    }
    if (!box.element.getAttribute("aria-label")) wrong.push(`${box.id} has no name`);
    if (box.element.tabIndex !== 0) wrong.push(`${box.id} is not reachable by the keyboard`);
  }
  for (const element of document.querySelectorAll("header *, #legend, #legend *, #details:not([hidden]), #details:not([hidden]) *")) {
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth && !element.matches("input, code, svg *")) {
      wrong.push(`the text of ${element.tagName} ${element.id} is cut: ${element.textContent.slice(0, 40)}`);
    }
  }
  const frame = document.getElementById("graph").getBoundingClientRect();
  const outside = boxes.filter((box) => box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom);
  return { boxes: boxes.length, edges: edges.length, wrong, outside: outside.length, scale, text: smallest, contrast: contrasts() };

  /** The contrast of each kind of text with what it stands on. Source: WCAG 2.2, relative luminance. */
  function contrasts() {
    const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map((value) => value / 255);
    const luminance = (colour) => {
      const [r, g, b] = channels(colour).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (one, other) => {
      const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
      return (high + 0.05) / (low + 0.05);
    };
    const style = (selector) => getComputedStyle(document.querySelector(selector));
    const paper = getComputedStyle(document.body).backgroundColor;
    const result = { name: ratio(style(".box .name").fill, style(".shape").fill), edge: 9, paper: luminance(paper) };
    if (edges.length) result.edge = ratio(style(".edge").stroke, paper);
    for (const box of document.querySelectorAll(".box")) {
      const state = box.getAttribute("class").split(" ")[1];
      result[state] = ratio(getComputedStyle(box.querySelector(".mark")).stroke, getComputedStyle(box.querySelector(".shape")).fill);
    }
    return result;
  }
}

/** Wait for an expression to be true. The page's policy forbids the eval that `waitForFunction` needs. */
async function until(page, expression) {
  const end = Date.now() + 60000;
  while (!(await page.evaluate(expression))) {
    if (Date.now() > end) throw new Error(`it never came true: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const browser = await chromium.launch({ executablePath: job.browser, args: ["--no-sandbox"] });
try {
  const context = await browser.newContext({
    viewport: { width: job.width ?? 1280, height: job.height ?? 800 },
    colorScheme: job.dark ? "dark" : "light",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  const result = { problems: [], requests: [], dialogs: [] };
  page.on("console", (message) => message.type() === "error" && result.problems.push(message.text()));
  page.on("pageerror", (error) => result.problems.push(String(error)));
  page.on("request", (request) => result.requests.push(request.url()));
  page.on("dialog", (dialog) => { result.dialogs.push(dialog.message()); dialog.dismiss(); });
  const start = performance.now();
  await page.goto(job.url, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("html[data-ready]", { state: "attached" });
  result.ready = performance.now() - start;
  for (const step of job.steps ?? []) {
    let value = null;
    if (step.press) await page.keyboard.press(step.press);
    if (step.type) await page.keyboard.type(step.type);
    if (step.click) await page.click(step.click);
    if (step.wait) await until(page, step.wait);
    if (step.evaluate) value = await page.evaluate(step.evaluate);
    if (step.scheme) await page.emulateMedia({ colorScheme: step.scheme });
    if (step.run) execFileSync("sh", ["-c", step.run], { stdio: ["ignore", "ignore", "inherit"] });
    if (step.measure) value = await page.evaluate(measure);
    if (step.screenshot) await page.screenshot({ path: step.screenshot });
    if (step.name) result[step.name] = value;
  }
  console.log(JSON.stringify(result));
} finally {
  await browser.close();
}
