// The targets of a Makefile that `make help` lists: `name: ... ## what it does`.

export interface Target {
  name: string;
  help: string;
}

const TARGET = /^([A-Za-z0-9_.@+/-]+):.*## (.*)$/gm;

export function targetsOf(makefile: string): Target[] {
  return [...makefile.matchAll(TARGET)].map(([, name, help]) => ({ name, help: help.trim() }));
}
