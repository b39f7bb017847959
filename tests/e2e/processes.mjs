// The processes of an editor that is tested, as /proc tells them.
import { readdirSync, readFileSync } from "node:fs";

/** The processes of language servers that keep their progress where this editor has it. */
export function servers(editor) {
  return processes()
    .filter(({ command }) => command.includes("launch.py") && command.includes("serve"))
    .filter(({ pid }) => read(`/proc/${pid}/environ`).includes(`=${editor.folder}/progress\0`))
    .map(({ pid }) => pid);
}

export function processes() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid, command: read(`/proc/${pid}/cmdline`).split("\0").join(" ") }));
}

/** The text of a file of /proc; empty for a process that has ended. */
export function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
