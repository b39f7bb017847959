/** Says what went wrong, once, with what can be done about it. */
import * as vscode from "vscode";
import { ResponseError } from "vscode-languageclient/node";
import { ErrorCode } from "./protocol";
import { NoServer } from "./server";

export async function explain(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const code = error instanceof ResponseError ? error.code : 0;
  if (code === ErrorCode.cancelled || code === ErrorCode.contentModified) return;
  if (error instanceof NoServer || error instanceof vscode.CancellationError) return;
  const message = error instanceof Error ? error.message : String(error);
  log.error(message);
  const offers: Record<string, [string, ...string[]]> = {
    "Show Output": ["blankcheck.showOutput"],
  };
  if (code === ErrorCode.untrusted) offers["Manage Trust"] = ["workbench.trust.manage"];
  if (code === ErrorCode.runnerUnavailable) {
    offers["Select Interpreter"] = ["workbench.action.openSettings", "blankcheck.interpreter"];
  }
  const titles = Object.keys(offers).reverse();
  const offer = offers[(await vscode.window.showErrorMessage(message, ...titles)) ?? ""];
  if (offer) await vscode.commands.executeCommand(...offer);
}
