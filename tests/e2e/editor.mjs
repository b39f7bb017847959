// A real VS Code for one test file: code-server with the packed extension, a fresh workspace, fresh
// settings and progress, and a browser on it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { vsix } from "../../client/scripts/package.mjs";
import { prepareWorkspace, serve } from "../../client/scripts/serve.mjs";
import { findChromium, root } from "../../client/scripts/tools.mjs";

const RESULTS = join(root, "test-results");
const PICTURES = join(root, "docs", "images");
/** What a step of the editor may take on a busy machine with two cores. */
const PATIENCE = 60_000;

/** Opens a fresh editor. `close` ends everything, and keeps a picture if the test failed. `active`:
    the workspace's Python is that of the terminal that the editor was started from. */
export async function openEditor(name, { trusted = true, active = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "blankcheck-e2e-"));
  mkdirSync(join(folder, `ws-${name}`));
  const workspace = prepareWorkspace(join(folder, `ws-${name}`));
  const server = await serve({
    workspace,
    data: join(folder, "editor"),
    vsix,
    trusted,
    env: {
      ...process.env,
      ...(active && { VIRTUAL_ENV: join(workspace, ".venv") }),
      BLANKCHECK_DATA_DIR: join(folder, "progress"),
    },
  });
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const page = await browser.newPage({ viewport: { width: 1480, height: 800 } });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(server.url);
  // The port was free a moment ago: is this really the editor that was started?
  await page.waitForFunction((title) => document.title.includes(title), basename(workspace));
  return new Editor({ name, folder, workspace, server, browser, page });
}

/** Steps of one story in one editor. What comes after a step that failed is not tried. */
export function story(name, options) {
  const told = { editor: undefined, failed: false };
  before(async () => {
    told.editor = await openEditor(name, options);
  });
  after(() => told.editor?.close({ failed: told.failed }));
  told.step = (title, work) =>
    test(title, async (context) => {
      if (told.failed) return context.skip("an earlier step failed");
      told.failed = true;
      await work(told.editor);
      told.failed = false;
    });
  return told.step;
}

export class Editor {
  constructor(parts) {
    Object.assign(this, parts);
  }

  async close({ failed = false } = {}) {
    if (failed) {
      await this.picture(`${this.name}-failed`);
      console.error(this.server.log());
    }
    await this.browser.close();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A picture for `test-results/`; with UPDATE_PICTURES, those for the README are renewed too. */
  async picture(name, { readme = false } = {}) {
    mkdirSync(RESULTS, { recursive: true });
    await this.page.screenshot({ path: join(RESULTS, `${name}.png`) });
    if (readme && process.env.UPDATE_PICTURES) {
      mkdirSync(PICTURES, { recursive: true });
      await this.page.screenshot({ path: join(PICTURES, `${name}.png`) });
    }
  }

  /** An exercise in the tree, by its title and what else a screen reader would say. */
  exercise(title, state = "") {
    const name = new RegExp(`^${title}, (not started|started|passed)(?<=${state || ""}),`);
    return this.page.getByRole("treeitem", { name });
  }

  /** Starts an exercise from the tree; returns its sample code. */
  async start(title, file) {
    await this.exercise(title).click();
    await this.lens("Check").waitFor();
    // The first blank is selected when everything stands where it should.
    await this.page.getByRole("button", { name: /Ln \d+, Col \d+ \(\d+ selected\)/ }).waitFor();
    await this.waitForFocusInCode();
    return readFileSync(join(this.workspace, file), "utf8");
  }

  /** Runs a command by its name in the palette; `asks`: it goes on to ask something there. */
  async command(title, { asks = false } = {}) {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page
      .locator(".quick-input-list .monaco-list-row.focused", { hasText: title })
      .waitFor();
    await this.page.keyboard.press("Enter");
    if (!asks) await input.waitFor({ state: "hidden" });
  }

  /** Opens a file of the workspace by its name. */
  async openFile(name) {
    await this.page.keyboard.press("ControlOrMeta+P");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(name);
    await this.page
      .locator(".quick-input-list .monaco-list-row.focused", { hasText: name })
      .waitFor();
    await this.page.keyboard.press("Enter");
    await this.page.locator(".tab.active", { hasText: name }).waitFor();
    await this.waitForFocusInCode();
  }

  lens(title) {
    return this.page.locator(".codelens-decoration a", { hasText: title });
  }

  marks(severity) {
    return this.page.locator(`.squiggly-${severity}`);
  }

  /** Waits until the code, and not the preview or a list, has the focus. */
  async waitForFocusInCode() {
    await this.page.waitForFunction(() => {
      const active = document.activeElement;
      return (
        active?.closest(".editor-instance .monaco-editor") !== null && !active?.matches("iframe")
      );
    });
  }

  /** Replaces all the code, as one paste would. */
  async write(text) {
    await this.page.locator(".editor-instance .view-line").first().click();
    await this.waitForFocusInCode();
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.insertText(text);
  }

  /** Moves the cursor to a line, counted from 1. */
  async goTo(line) {
    await this.page.locator(".editor-instance .view-line").first().click();
    await this.waitForFocusInCode();
    await this.page.keyboard.press("Control+G");
    const input = this.page.locator(".quick-input-widget input");
    await input.fill(`:${line}`);
    await this.page.keyboard.press("Enter");
    await this.page.getByRole("button", { name: new RegExp(`^Ln ${line}, Col`) }).waitFor();
  }

  /** A row of the debugger's Variables view. */
  variable(name) {
    return this.page
      .getByRole("tree", { name: "Debug Variables" })
      .getByRole("treeitem", { name: new RegExp(`^(${name})\\b`) });
  }

  /** The rows of the Problems view, as text. */
  async problems() {
    const view = this.page.locator(".markers-panel-container");
    if (!(await view.isVisible())) await this.command("Problems: Focus on Problems View");
    await view.waitFor();
    return view.getByRole("treeitem");
  }

  /** What hovering says, once it says `text`. */
  async hover(mark, text, options = {}) {
    const box = this.page.locator(".monaco-hover:not(.hidden) .monaco-hover-content");
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      // The code's text lies above the mark, and would count as in its way.
      await mark.hover({ force: true, ...options });
      await box.first().waitFor();
      const said = (await box.allInnerTexts()).join("\n");
      if (said.includes(text)) return said;
      assert.ok(Date.now() < deadline, `hovering only says: ${said}`);
      await this.page.keyboard.press("Escape");
      await this.page.mouse.move(0, 0);
      await box.first().waitFor({ state: "hidden" });
    }
  }

  async hidePanel() {
    const panel = this.page.locator(".part.panel");
    if (!(await panel.isVisible())) return;
    await this.page.keyboard.press("ControlOrMeta+J");
    await panel.waitFor({ state: "hidden" });
  }

  /** A line in the Output view. */
  output(text) {
    return this.page.locator(".part.panel .view-line", { hasText: text });
  }

  notification(text) {
    return this.page.locator(".notification-toast", { hasText: text });
  }

  /** Waits for a notification that there may be no room for beside others, but in their list. */
  async told(text, picture) {
    await this.command("Notifications: Show Notifications");
    const items = this.page.locator(".notification-list-item", { hasText: text });
    await items.filter({ visible: true }).first().waitFor();
    if (picture) await this.picture(picture);
  }

  status(text) {
    return this.page.locator("#blankcheck\\.blankcheck\\.blankcheck\\.verdict", { hasText: text });
  }

  /** The text of the instructions, which are in a frame of a frame. */
  instructions() {
    return this.page
      .frameLocator("iframe.webview.ready")
      .frameLocator("iframe#active-frame")
      .locator("body");
  }
}

/** The sample code with its blanks filled in, in order. */
export function fill(sample, answers) {
  const left = [...answers];
  const filled = sample.replace(/___/g, () => left.shift() ?? assert.fail("a blank too many"));
  assert.equal(left.length, 0, "as many answers as blanks");
  return filled;
}
