/** One check, whoever asked for it: the server's answer, and the status bar that follows it. */
import type * as vscode from "vscode";
import { of } from "./convert";
import { Check, type CheckResult } from "./protocol";
import type { Server } from "./server";
import type { Status } from "./status";

/** What a check came to; undefined if the text was edited meanwhile. */
export async function checked(
  document: vscode.TextDocument,
  server: Server,
  status: Status,
  token: vscode.CancellationToken,
  told: (stage: string) => void = () => undefined,
): Promise<CheckResult | undefined> {
  const done = status.busy(document);
  let result: CheckResult;
  try {
    result = await server.ask(Check, of(document), token, told);
  } catch (error) {
    done();
    throw error;
  }
  if (result.version !== document.version) {
    done();
    return undefined;
  }
  status.verdict(document, result);
  // Asked once something has run, so that nothing is started for it.
  void server.contained().then((found) => {
    status.contained(found);
  });
  return result;
}
