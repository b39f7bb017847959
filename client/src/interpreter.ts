/** Finds the learner's Python, and says in one message with a button what is missing of it. */
import { homedir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { elsewhere } from "./status";
import { ask, choose, OLDEST, recent, type Candidate, type Interpreter } from "./probe";

const windows = process.platform === "win32";
const TORCH = ["torch", "torchvision"];

/** What the Python extensions offer, as far as it is used here. */
interface PythonEnvironments {
  getEnvironment(
    scope?: vscode.Uri,
  ): Promise<{ execInfo: { run: { executable: string } } } | undefined>;
  onDidChangeEnvironment: vscode.Event<unknown>;
}
interface PythonExtension {
  environments: {
    getActiveEnvironmentPath(scope?: vscode.Uri): { path: string };
    resolveEnvironment(path: {
      path: string;
    }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** The learner's Python, or undefined after saying what is missing. */
export async function findInterpreter(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<Interpreter | undefined> {
  const cwd = context.extensionPath;
  const setting = configured();
  const candidates = setting
    ? [{ command: setting, source: "the setting blankcheck.interpreter" }]
    : await candidatesInOrder(context);
  const answers = await Promise.all(candidates.map((candidate) => ask(candidate, cwd)));
  const found = answers.filter((answer) => answer !== undefined);
  for (const { command, source } of candidates) log.debug(`candidate: ${command} (${source})`);
  const chosen = choose(found);
  if (!chosen) {
    const oldest = OLDEST.join(".");
    const old = found.find(({ version }) => !recent(version));
    const what = setting
      ? `${setting}, which blankcheck.interpreter names, ${old ? `is Python ${old.version}` : "is not a Python that starts"}.`
      : `No Python ${oldest} or newer was found.`;
    void offer(`${what} Select one that is ${oldest} or newer.`, SELECT);
    return undefined;
  }
  log.info(`Python ${chosen.version} from ${chosen.source}: ${chosen.executable}`);
  if (!chosen.torch && vscode.workspace.isTrusted && !elsewhere()) {
    const message = `PyTorch is not installed in ${chosen.executable}, and the exercises need it.`;
    void offer(message, { title: "Install PyTorch", run: () => installTorch(chosen) }, SELECT);
  }
  return chosen;
}

/** Calls back when another Python is selected in a Python extension. */
export async function onDidSelectInterpreter(
  context: vscode.ExtensionContext,
  changed: () => void,
): Promise<void> {
  const environments = await exported<PythonEnvironments>("ms-python.vscode-python-envs");
  const python = await exported<PythonExtension>("ms-python.python");
  const events = [
    environments?.onDidChangeEnvironment,
    python?.environments.onDidChangeActiveEnvironmentPath,
  ];
  for (const event of events) if (event) context.subscriptions.push(event(changed));
}

function configured(): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const setting = vscode.workspace.getConfiguration("blankcheck").get<unknown>("interpreter");
  // Whoever writes settings by hand may have written anything.
  return (typeof setting === "string" ? setting : "")
    .trim()
    .replace(/^~(?=[/\\])/, homedir())
    .replaceAll("${workspaceFolder}", folder);
}

async function candidatesInOrder(context: vscode.ExtensionContext): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const add = (command: string | undefined, source: string) => {
    if (command) candidates.push({ command, source });
  };
  const python = (folder: string) =>
    windows ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
  // A workspace that is not trusted must not say what is started.
  if (vscode.workspace.isTrusted) {
    const scope = vscode.workspace.workspaceFolders?.[0]?.uri;
    const environments = await exported<PythonEnvironments>("ms-python.vscode-python-envs");
    add(
      (await soon(environments?.getEnvironment(scope)))?.execInfo.run.executable,
      "the Python Environments extension",
    );
    const extension = (await exported<PythonExtension>("ms-python.python"))?.environments;
    const active = extension?.getActiveEnvironmentPath(scope);
    const resolved = active && (await soon(extension?.resolveEnvironment(active)));
    add(resolved?.executable.uri?.fsPath, "the Python extension");
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      add(python(join(uri.fsPath, ".venv")), "the workspace's .venv");
    }
  }
  if (process.env["VIRTUAL_ENV"]) add(python(process.env["VIRTUAL_ENV"]), "VIRTUAL_ENV");
  add("python3", "the path");
  add("python", "the path");
  if (context.extensionMode === vscode.ExtensionMode.Development) {
    add(python(join(context.extensionPath, ".venv")), "the checkout");
  }
  return candidates;
}

/** What an extension exports, if it is installed and starts in time. */
async function exported<T>(id: string): Promise<T | undefined> {
  const extension = vscode.extensions.getExtension<T | undefined>(id);
  return extension && (await soon(extension.activate()));
}

/** A result of somebody else, who may be slow or fail: then there is none. */
async function soon<T>(result: Thenable<T> | undefined): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, 5_000, undefined)));
  try {
    return await Promise.race([result, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

interface Offer {
  title: string;
  run: () => Thenable<unknown>;
}

const SELECT: Offer = {
  title: "Select Interpreter",
  run: () =>
    vscode.commands.executeCommand("workbench.action.openSettings", "blankcheck.interpreter"),
};

async function offer(message: string, ...offers: Offer[]): Promise<void> {
  await (await vscode.window.showWarningMessage(message, ...offers))?.run();
}

/** Installs torch in a terminal that the learner sees, into an environment of the workspace's own
    unless the interpreter is one. */
async function installTorch(interpreter: Interpreter): Promise<void> {
  let python = interpreter.executable;
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!interpreter.environment && folder) {
    const environment = join(folder.uri.fsPath, ".venv");
    if (!(await inTerminal(python, ["-m", "venv", environment]))) return;
    python = windows
      ? join(environment, "Scripts", "python.exe")
      : join(environment, "bin", "python");
  }
  if (await inTerminal(python, ["-m", "pip", "install", ...TORCH])) {
    await vscode.commands.executeCommand("blankcheck.restartServer");
  }
}

/** Runs a program as a task; whether it ended well. */
async function inTerminal(program: string, args: string[]): Promise<boolean> {
  const task = new vscode.Task(
    { type: "blankcheck" },
    vscode.TaskScope.Workspace,
    "Install PyTorch",
    "Blankcheck",
    new vscode.ProcessExecution(program, args),
  );
  const execution = await vscode.tasks.executeTask(task);
  return new Promise((resolve) => {
    const ended = vscode.tasks.onDidEndTaskProcess((event) => {
      if (event.execution !== execution) return;
      ended.dispose();
      resolve(event.exitCode === 0);
    });
  });
}
