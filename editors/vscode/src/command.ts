// Which mlopsc to start.

import { existsSync } from "node:fs";
import { join } from "node:path";

const PLACES = [".venv/bin/mlopsc", ".venv/Scripts/mlopsc.exe", "venv/bin/mlopsc", "venv/Scripts/mlopsc.exe"];

/** The configured program, that of the environment in the folder, or the one on the PATH. */
export function commandOf(configured: string, folder: string | undefined): string {
  if (configured !== "") return configured;
  const found = folder === undefined ? undefined : PLACES.map((place) => join(folder, place)).find((path) => existsSync(path));
  return found ?? "mlopsc";
}
