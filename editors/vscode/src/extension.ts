// Starts `mlopsc lsp`, and adds what a server cannot: tasks for make targets and a status bar item.

import * as vscode from "vscode";
import { CodeLens, CodeLensRequest, LanguageClient } from "vscode-languageclient/node";
import { commandOf } from "./command";
import { targetsOf } from "./targets";

const SPEC = "**/mlops.yaml";
const SELECTOR = [SPEC, "**/params.yaml", "**/dvc.yaml"].map((pattern) => ({ scheme: "file", pattern }));

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const status = vscode.window.createStatusBarItem("mlopsc", vscode.StatusBarAlignment.Left);
  status.name = "mlopsc";
  status.command = "workbench.actions.view.problems";
  const refresh = debounced(() => void show(status), 300);
  context.subscriptions.push(
    status,
    vscode.languages.onDidChangeDiagnostics(refresh),
    vscode.window.onDidChangeActiveTextEditor(refresh),
    vscode.workspace.onDidSaveTextDocument(refresh),
    vscode.commands.registerCommand("mlopsc.restart", restart),
    vscode.commands.registerCommand("mlopsc.build", build),
    vscode.tasks.registerTaskProvider("mlopsc", { provideTasks, resolveTask }),
    vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("mlopsc.command") && restart()),
  );
  await restart();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function restart(): Promise<void> {
  await client?.stop();
  client = new LanguageClient(
    "mlopsc",
    { command: command(vscode.workspace.workspaceFolders?.[0]), args: ["lsp"] },
    { documentSelector: SELECTOR },
  );
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    void vscode.window.showErrorMessage(
      `mlopsc does not start (${error}). Install it with: pip install 'mlopsc[lsp]', or set mlopsc.command.`,
    );
  }
}

function command(folder: vscode.WorkspaceFolder | undefined): string {
  const configured = vscode.workspace.getConfiguration("mlopsc", folder?.uri).get("command", "");
  return commandOf(configured, folder?.uri.fsPath);
}

async function build(): Promise<void> {
  const [spec] = await vscode.workspace.findFiles(SPEC, "**/{node_modules,.venv}/**", 1);
  const open = vscode.window.activeTextEditor?.document.uri;
  const at = open?.path.endsWith("/mlops.yaml") ? open : spec;
  if (at === undefined) {
    void vscode.window.showInformationMessage("There is no mlops.yaml in this workspace.");
    return;
  }
  const folder = vscode.workspace.getWorkspaceFolder(at) ?? vscode.TaskScope.Workspace;
  const cwd = vscode.Uri.joinPath(at, "..").fsPath;
  const program = command(vscode.workspace.getWorkspaceFolder(at));
  const execution = new vscode.ProcessExecution(program, ["build"], { cwd });
  await vscode.tasks.executeTask(new vscode.Task({ type: "mlopsc", target: "build" }, folder, "build", "mlopsc", execution));
}

/** Errors and stages that would run again, while a spec is in front. */
async function show(status: vscode.StatusBarItem): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (client === undefined || document === undefined || !document.uri.path.endsWith("/mlops.yaml")) {
    status.hide();
    return;
  }
  const problems = vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === "mlopsc");
  const errors = problems.filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error).length;
  const lenses = await client
    .sendRequest(CodeLensRequest.type, { textDocument: { uri: document.uri.toString() } })
    .catch((): CodeLens[] => []);
  const stale = (lenses ?? []).filter((lens) => lens.command?.title.includes("would run again")).length;
  status.text = `$(${errors ? "error" : "check"}) mlopsc: ${errors} errors, ${stale} stale`;
  status.tooltip = `${errors} errors in the spec; ${stale} stages would run again`;
  status.show();
}

async function provideTasks(): Promise<vscode.Task[]> {
  const tasks: vscode.Task[] = [];
  for (const spec of await vscode.workspace.findFiles(SPEC, "**/{node_modules,.venv}/**", 20)) {
    const makefile = vscode.Uri.joinPath(spec, "..", "Makefile");
    const folder = vscode.workspace.getWorkspaceFolder(spec);
    if (folder === undefined) continue;
    try {
      const text = Buffer.from(await vscode.workspace.fs.readFile(makefile)).toString();
      const path = vscode.workspace.asRelativePath(vscode.Uri.joinPath(spec, ".."), false);
      const place = path === folder.uri.fsPath ? "." : path;
      for (const target of targetsOf(text)) {
        const task = make(folder, { type: "mlopsc", target: target.name, folder: place });
        task.detail = target.help;
        tasks.push(task);
      }
    } catch {
      continue; // no Makefile: the project is not built, or make is not its build service
    }
  }
  return tasks;
}

function resolveTask(task: vscode.Task): vscode.Task | undefined {
  const folder = task.scope;
  return typeof folder === "object" ? make(folder, task.definition) : undefined;
}

function make(folder: vscode.WorkspaceFolder, definition: vscode.TaskDefinition): vscode.Task {
  const cwd = vscode.Uri.joinPath(folder.uri, String(definition.folder ?? ".")).fsPath;
  const execution = new vscode.ProcessExecution("make", [String(definition.target)], { cwd });
  return new vscode.Task(definition, folder, String(definition.target), "mlopsc", execution);
}

function debounced(act: () => void, milliseconds: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}
