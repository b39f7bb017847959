/** The language server: started when it is first needed, on the learner's Python. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import * as vscode from "vscode";
import {
  CodeLensRequest,
  DidChangeConfigurationNotification,
  InlayHintRequest,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  TransportKind,
  WorkDoneProgress,
  type RequestType,
} from "vscode-languageclient/node";
import { findInterpreter } from "./interpreter";
import {
  CoursesChanged,
  Inform,
  Output,
  ProgressChanged,
  Trust,
  type Contained,
  type Settings,
} from "./protocol";

/** What is thrown when there is no server; the learner has been told why. */
export class NoServer extends Error {}

export class Server implements vscode.Disposable {
  /** Whether anybody has asked for it, even if it could not be started. */
  wanted = false;
  private client: Promise<LanguageClient> | undefined;
  private containment: Promise<Contained | undefined> | undefined;
  /** What follows from trust that was just given; who asks for something waits for it. */
  private trusting: Promise<void> = Promise.resolve();
  private executable = "";
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly printed = new vscode.EventEmitter<{ uri: string; text: string }>();

  /** What is in the courses, or the learner's state there, may have changed. */
  readonly onDidChangeCourses = this.changed.event;
  /** A submission that runs has printed something. */
  readonly onDidPrint = this.printed.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
  ) {}

  /** Sends a request; starts the server if need be. */
  async request<P, R, E>(
    type: RequestType<P, R, E>,
    params: P,
    token?: vscode.CancellationToken,
  ): Promise<R> {
    const client = await this.ready();
    // An absent token would count as a second parameter.
    return token
      ? client.sendRequest<R>(type.method, params, token)
      : client.sendRequest<R>(type.method, params);
  }

  /** Sends a request that may take long; `told` hears what is waited for meanwhile. */
  async ask<P extends object, R, E>(
    type: RequestType<P, R, E>,
    params: P,
    token: vscode.CancellationToken,
    told: (stage: string) => void,
  ): Promise<R> {
    const client = await this.ready();
    const workDoneToken = randomUUID();
    const progress = client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
      if (value.kind !== "end") told(value.message ?? "");
    });
    try {
      return await client.sendRequest<R>(type.method, { ...params, workDoneToken }, token);
    } finally {
      progress.dispose();
    }
  }

  private async ready(): Promise<LanguageClient> {
    await this.trusting;
    return this.start();
  }

  start(): Promise<LanguageClient> {
    this.wanted = true;
    if (this.client) return this.client;
    const client = this.launch().catch((error: unknown) => {
      this.client = undefined;
      this.tell("failed");
      throw error;
    });
    const options = { location: vscode.ProgressLocation.Window, title: "Starting Blankcheck" };
    void vscode.window.withProgress(options, () => client.catch(() => undefined));
    return (this.client = client);
  }

  /** Starts the server anew, or at last where it could not be started. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
    this.changed.fire();
  }

  /** Whether it runs, or is being started. */
  get started(): boolean {
    return this.client !== undefined;
  }

  /** How code is contained where this server runs it; asked once, undefined if it cannot say. */
  contained(): Promise<Contained | undefined> {
    return (this.containment ??= this.request(Inform, {}).then(
      ({ runner }) => runner?.sandbox,
      (error: unknown) => {
        this.log.error(`The containment is not known: ${String(error)}`);
        return undefined;
      },
    ));
  }

  async stop(): Promise<void> {
    this.containment = undefined;
    const client = await this.client?.catch(() => undefined);
    this.client = undefined;
    // One that does not answer is killed, and is as good as stopped.
    await client?.dispose().catch((error: unknown) => {
      this.log.warn(String(error));
    });
  }

  async dispose(): Promise<void> {
    await this.stop();
    this.changed.dispose();
    this.printed.dispose();
  }

  /** Trust was given. The workspace may now say which Python it wants. */
  trust(): Promise<void> {
    const trusting = this.trusted();
    this.trusting = trusting.catch(() => undefined);
    return trusting;
  }

  private async trusted(): Promise<void> {
    const client = await this.client;
    if (!client) return;
    const found = await findInterpreter(this.context, this.log);
    if (found && found.executable !== this.executable) return this.restart();
    await client.sendNotification(Trust, { trusted: true });
  }

  /** Settings have changed: the server, and the editor for lenses and hints, are told. */
  async configure(): Promise<void> {
    const client = await this.client;
    await client?.sendNotification(DidChangeConfigurationNotification.type, {
      settings: { blankcheck: settings() },
    });
    const lenses = client?.getFeature(CodeLensRequest.method);
    const hints = client?.getFeature(InlayHintRequest.method);
    for (const document of vscode.workspace.textDocuments) {
      lenses?.getProvider(document)?.onDidChangeCodeLensEmitter.fire();
      hints?.getProvider(document)?.onDidChangeInlayHints.fire();
    }
  }

  private async launch(): Promise<LanguageClient> {
    this.tell("starting");
    const interpreter = await findInterpreter(this.context, this.log);
    if (!interpreter) throw new NoServer("There is no Python to start the server on.");
    this.executable = interpreter.executable;
    const launcher = join(this.context.extensionPath, "server", "launch.py");
    const args = ["-I", "-X", "utf8", launcher, "serve"];
    this.log.info(`starting: ${interpreter.executable} ${args.join(" ")}`);
    const client = new LanguageClient(
      "blankcheck",
      "Blankcheck",
      {
        command: interpreter.executable,
        args,
        transport: TransportKind.stdio,
        options: { cwd: this.context.extensionPath },
      },
      {
        documentSelector: [
          { scheme: "file", language: "python" },
          { scheme: "file", language: "markdown" },
        ],
        outputChannel: this.log,
        traceOutputChannel: this.log,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        diagnosticCollectionName: "blankcheck",
        // As they are then: a server that died is started again by itself.
        initializationOptions: settings,
        middleware: {
          provideCodeLenses: (document, token, next) =>
            vscode.workspace
              .getConfiguration("blankcheck", document)
              .get<boolean>("codeLens.enabled", true)
              ? next(document, token)
              : [],
          provideInlayHints: (document, range, token, next) =>
            vscode.workspace
              .getConfiguration("blankcheck", document)
              .get<boolean>("inlayHints.enabled", true)
              ? next(document, range, token)
              : [],
        },
      },
    );
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Running) this.tell("running");
      if (newState === State.Stopped) this.tell("failed");
    });
    for (const news of [ProgressChanged, CoursesChanged]) {
      client.onNotification(news.method, () => {
        this.changed.fire();
      });
    }
    client.onNotification(Output, (params) => {
      this.printed.fire(params);
    });
    await client.start();
    return client;
  }

  /** What views and menus show depends on it. */
  private tell(state: "starting" | "running" | "failed"): void {
    void vscode.commands.executeCommand("setContext", "blankcheck.server", state);
  }
}

function settings(): Settings {
  const configuration = vscode.workspace.getConfiguration("blankcheck");
  return {
    trusted: vscode.workspace.isTrusted,
    runnerCommand: configuration.get<string | string[]>("runner.command", ""),
    runnerPython: configuration.get("runner.python", ""),
    runnerFolder: configuration.get("runner.folder", ""),
    timeLimit: configuration.get("check.timeLimit", 10),
    device: configuration.get("device", "auto"),
    clientCommands: true,
    pictures: true,
  };
}
