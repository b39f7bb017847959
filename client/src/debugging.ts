/** Debugging an exercise: how a session begins. What runs, and how, the server says. */
import * as vscode from "vscode";
import { of } from "./convert";
import { explain } from "./explain";
import { Debug } from "./protocol";
import type { Server } from "./server";
import { isSubmissionDocument, submissionEditor } from "./submission";

const TYPE = "blankcheck";

export class Debugging
  implements vscode.DebugConfigurationProvider, vscode.DebugAdapterDescriptorFactory
{
  /** Breakpoints that are there for one session only. */
  private temporary: vscode.Breakpoint[] = [];

  constructor(private readonly server: Server) {}

  register(): vscode.Disposable {
    const dynamic = vscode.DebugConfigurationProviderTriggerKind.Dynamic;
    return vscode.Disposable.from(
      vscode.debug.registerDebugConfigurationProvider(TYPE, this),
      vscode.debug.registerDebugConfigurationProvider(TYPE, this, dynamic),
      vscode.debug.registerDebugAdapterDescriptorFactory(TYPE, this),
      vscode.debug.onDidTerminateDebugSession(({ type, parentSession }) => {
        if (type === TYPE && !parentSession) this.tidy();
      }),
    );
  }

  /** Debugs a submission; with `failure`, up to what its last check found at fault: first of all, or
      on a line. Whether it began. */
  async start(
    { uri }: vscode.TextDocument,
    failure: boolean | number = false,
    options?: vscode.DebugSessionOptions,
  ): Promise<boolean> {
    const folder = vscode.workspace.getWorkspaceFolder(uri);
    const configuration = { ...configurationOf(uri.fsPath), failure };
    const began = await vscode.debug.startDebugging(folder, configuration, options);
    if (!began) this.tidy();
    return began;
  }

  /** Debugs a submission as a part of a test run, until the session is over. */
  async through(document: vscode.TextDocument, testRun: vscode.TestRun): Promise<void> {
    let listener: vscode.Disposable | undefined;
    const over = new Promise<void>((resolve) => {
      listener = vscode.debug.onDidTerminateDebugSession(({ type, parentSession }) => {
        if (type === TYPE && !parentSession) resolve();
      });
    });
    // Whoever cancels the run wants the session to end too: it does with its run.
    const cancelling = testRun.token.onCancellationRequested(() => {
      testRun.end();
    });
    try {
      if (await this.start(document, false, { testRun })) await over;
    } finally {
      vscode.Disposable.from(cancelling, ...(listener ? [listener] : [])).dispose();
    }
  }

  provideDebugConfigurations(): vscode.DebugConfiguration[] {
    return [configurationOf("${file}")];
  }

  resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration | undefined {
    // F5 without a launch.json: what is debugged is the exercise at hand.
    if (configuration.type) return configuration;
    const document = submissionEditor()?.document;
    if (document) return configurationOf(document.uri.fsPath);
    void vscode.window.showInformationMessage(
      "Blankcheck debugs exercises. Open the file of one, then start debugging.",
    );
    return undefined;
  }

  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    configuration: vscode.DebugConfiguration,
    token?: vscode.CancellationToken,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const { file, stepIntoLibraries, failure } = configuration as Options;
    try {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file ?? ""));
      if (!isSubmissionDocument(document)) {
        throw new Error("This file is not an exercise, so Blankcheck cannot debug it.");
      }
      // The debugger moves breakpoints to lines that have code in the file as it is on disk.
      if (document.isDirty && !(await document.save())) {
        throw new Error("This file could not be saved. Save it, then debug again.");
      }
      const asked = { ...of(document), failure: failure ?? false };
      const { command, plan, stopAt } = await this.server.request(Debug, asked, token);
      if (stopAt !== null) this.stopAt(document.uri, stopAt);
      const setting = vscode.workspace.getConfiguration("blankcheck.debug", document.uri);
      return {
        ...configuration,
        adapter: command,
        plan,
        stepIntoLibraries: stepIntoLibraries ?? setting.get("stepIntoLibraries", false),
      };
    } catch (error) {
      // Not waited for: the session is over before anybody has read it.
      void explain(error, this.server.log);
      return undefined;
    }
  }

  createDebugAdapterDescriptor({
    configuration,
  }: vscode.DebugSession): vscode.DebugAdapterDescriptor {
    const { adapter, connect } = configuration as Options;
    // A process that the debugged one started, where these are debugged too.
    if (connect) return new vscode.DebugAdapterServer(connect.port, connect.host);
    const [program = "", ...args] = adapter ?? [];
    return new vscode.DebugAdapterExecutable(program, args);
  }

  private stopAt(uri: vscode.Uri, line: number): void {
    const there = vscode.debug.breakpoints.some(
      (one) =>
        one instanceof vscode.SourceBreakpoint &&
        one.enabled &&
        one.location.uri.toString() === uri.toString() &&
        one.location.range.start.line === line,
    );
    if (there) return;
    const place = new vscode.Location(uri, new vscode.Position(line, 0));
    const breakpoint = new vscode.SourceBreakpoint(place);
    this.temporary.push(breakpoint);
    vscode.debug.addBreakpoints([breakpoint]);
  }

  private tidy(): void {
    vscode.debug.removeBreakpoints(this.temporary);
    this.temporary = [];
  }
}

interface Options {
  file?: string;
  stepIntoLibraries?: boolean;
  failure?: boolean | number;
  adapter?: string[];
  connect?: { host: string; port: number };
}

function configurationOf(file: string): vscode.DebugConfiguration {
  return { type: TYPE, request: "launch", name: "Debug Exercise", file };
}
