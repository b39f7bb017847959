/** Says what went wrong, once, with what can be done about it. */
import * as vscode from "vscode";
import { ErrorCodes, ResponseError } from "vscode-languageclient/node";
import { ErrorCode } from "./protocol";
import { NoServer } from "./server";

/** Whether somebody has cancelled it, or a newer text or check has. */
export function isCancelled(error: unknown): boolean {
  const code = codeOf(error);
  return (
    error instanceof vscode.CancellationError ||
    code === ErrorCode.cancelled ||
    code === ErrorCode.contentModified
  );
}

/** Whether nothing else can be run either. */
export function isGeneral(error: unknown): boolean {
  const code = codeOf(error);
  return (
    error instanceof NoServer ||
    code === ErrorCode.untrusted ||
    code === ErrorCode.runnerUnavailable
  );
}

/** What went wrong, for a person. */
export function words(error: unknown): string {
  if (isLost(error)) return "The server stopped before this was done. Try it again.";
  return error instanceof Error ? error.message : String(error);
}

/** Whether the server died before it answered, or is dead for good. */
function isLost(error: unknown): boolean {
  const code = codeOf(error);
  return code === ErrorCodes.PendingResponseRejected || code === ErrorCodes.ConnectionInactive;
}

function codeOf(error: unknown): number {
  return error instanceof ResponseError ? error.code : 0;
}

export async function explain(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const code = codeOf(error);
  if (isCancelled(error) || error instanceof NoServer) return;
  const message = words(error);
  log.error(message);
  const offers: Record<string, [string, ...string[]]> = {
    "Show Output": ["blankcheck.showOutput"],
  };
  if (isLost(error)) offers["Restart Server"] = ["blankcheck.restartServer"];
  if (code === ErrorCode.untrusted) offers["Manage Trust"] = ["workbench.trust.manage"];
  if (code === ErrorCode.runnerUnavailable) {
    offers["Select Interpreter"] = ["workbench.action.openSettings", "blankcheck.interpreter"];
  }
  const titles = Object.keys(offers).reverse();
  const offer = offers[(await vscode.window.showErrorMessage(message, ...titles)) ?? ""];
  if (offer) await vscode.commands.executeCommand(...offer);
}
