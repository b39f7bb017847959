/** Which Python can run the exercises: what is asked of each candidate, and which answer is taken. */
import { execFile } from "node:child_process";

export const OLDEST = [3, 10] as const;

/** A Python that might be the learner's, and who named it. */
export interface Candidate {
  command: string;
  source: string;
}

/** A Python that answered. */
export interface Interpreter extends Candidate {
  executable: string;
  version: string;
  /** Whether torch is installed there. */
  torch: boolean;
  /** Whether it is an environment of its own, where packages may be installed. */
  environment: boolean;
}

const QUESTION = `
import importlib.util, json, sys
print(json.dumps({
    "executable": sys.executable,
    "version": ".".join(map(str, sys.version_info[:3])),
    "torch": importlib.util.find_spec("torch") is not None,
    "environment": sys.prefix != sys.base_prefix,
}))`;

/** Asks a Python what it is; undefined if it does not answer. */
export function ask(candidate: Candidate, cwd: string): Promise<Interpreter | undefined> {
  return new Promise((resolve) => {
    const options = { cwd, timeout: 20_000, windowsHide: true };
    execFile(candidate.command, ["-c", QUESTION], options, (error, stdout) => {
      resolve(error ? undefined : read(candidate, stdout));
    });
  });
}

/** An answer as it was printed, maybe after what a `sitecustomize` printed before. */
export function read(candidate: Candidate, printed: string): Interpreter | undefined {
  try {
    const answer = JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Partial<Interpreter>;
    const { executable, version, torch, environment } = answer;
    if (!executable || !version) return undefined;
    return {
      ...candidate,
      executable,
      version,
      torch: torch === true,
      environment: environment === true,
    };
  } catch {
    return undefined;
  }
}

/** Whether the server runs on this version of Python. */
export function recent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** The first that has torch, else the first that is new enough. */
export function choose(found: readonly Interpreter[]): Interpreter | undefined {
  const usable = found.filter(({ version }) => recent(version));
  return usable.find(({ torch }) => torch) ?? usable[0];
}
