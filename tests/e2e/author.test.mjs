// An author's chapter with mistakes: told where they are, and put right with one key.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { story } from "./editor.mjs";

const FILE = "roots.md";
const CHAPTER = `\
---
title: Roots
description: What roots are.
---

## The root of nine

\`\`\`yaml
type: NormalExercise
key: root01
xp: 100
\`\`\`

Take a root.

\`@instructions\`
- Print the root of \`side\`.

\`@pre_exercise_code\`
\`\`\`{python}
side = math.pow(3, 2)
\`\`\`

\`@sample_code\`
\`\`\`{python}
import math
print(___)
\`\`\`

\`@solution\`
\`\`\`{python}
import math
print(math.sqrt(side))
\`\`\`
`;
const step = story("author");

step("the mistakes of a chapter are problems on their lines", async (editor) => {
  mkdirSync(join(editor.workspace, "course"));
  writeFileSync(join(editor.workspace, "course", FILE), CHAPTER);
  // What opens by itself at the start would take the focus from the list of files.
  await editor.exercise("The root of nine").waitFor();
  await editor.openFile(FILE);
  await editor.page.locator(".view-line", { hasText: "side = math.pow" }).waitFor();
  const rows = await editor.problems();
  await rows.filter({ hasText: "author/empty-hint" }).first().waitFor();
  await rows.filter({ hasText: "author/missing-import" }).first().waitFor();
  await editor.picture("author");
});

step("a quick fix writes the repair into the chapter, and its problem is gone", async (editor) => {
  const rows = await editor.problems();
  await rows.filter({ hasText: "author/missing-import" }).first().dblclick();
  await editor.page.getByRole("button", { name: /Ln 21, Col 12 \(4 selected\)/ }).waitFor();
  await editor.waitForFocusInCode();
  await editor.page.locator("[class*='lightbulb']").first().waitFor();
  await editor.page.keyboard.press("ControlOrMeta+.");
  await editor.page.locator(".action-widget").getByText("import math").first().waitFor();
  await editor.picture("fix");
  await editor.page.keyboard.press("Enter");
  await rows.filter({ hasText: "author/missing-import" }).waitFor({ state: "detached" });
  await rows.filter({ hasText: "author/undefined-name" }).waitFor({ state: "detached" });
  const code = editor.page.locator(".view-lines");
  await code.getByText("side = math.pow").waitFor();
  assert.equal(await code.getByText("import math").count(), 2);
});

step("a chapter that is written is listed, and no longer once it is gone", async (editor) => {
  const file = join(editor.workspace, "course", "powers.md");
  writeFileSync(file, CHAPTER.replaceAll("root", "power").replaceAll("Root", "Power"));
  await editor.exercise("The power of nine").waitFor();
  rmSync(file);
  await editor.exercise("The power of nine").waitFor({ state: "detached" });
});
