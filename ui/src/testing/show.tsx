import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { App } from "../app/App";
import { HostProvider, newQueryClient } from "../ipc";
import type { CommandName, Host, Request } from "../platform/host";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";

let asked: [CommandName, unknown][] = [];

/** What the host that listens was asked with a command, in order. */
export const requests = (name: CommandName) => asked.filter(([n]) => n === name).map(([, request]) => request);

/** A recorded host that notes what it is asked; `first` may hold an answer back, or fail it. */
export function listening(inner: Host = recordedHost(demo, 0), first?: (name: CommandName) => Promise<unknown> | undefined): Host {
  asked = [];
  return {
    ...inner,
    call<N extends CommandName>(name: N, request: Request<N>) {
      asked.push([name, request]);
      const held = first?.(name);
      return held ? held.then(() => inner.call(name, request)) : inner.call(name, request);
    },
  };
}

export function mount(window: ReactNode, host: Host = listening()) {
  return render(
    <QueryClientProvider client={newQueryClient()}>
      <HostProvider value={host}>{window}</HostProvider>
    </QueryClientProvider>,
  );
}

/** The whole window at a route. */
export function show(hash: string, host: Host = listening()) {
  location.hash = hash;
  return mount(<App />, host);
}
