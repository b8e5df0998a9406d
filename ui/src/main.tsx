import "./tokens";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { HostProvider, newQueryClient } from "./ipc";
import { Failed } from "./kit/pictures";
import { CommandFailed, openHost } from "./platform";
import { restoreTheme } from "./tokens/theme";

restoreTheme();
const element = document.getElementById("root");
if (!element) throw new Error("`index.html` has no element `root`.");
const root = createRoot(element);

openHost().then(
  (host) =>
    root.render(
      <StrictMode>
        <QueryClientProvider client={newQueryClient()}>
          <HostProvider value={host}>
            <App />
          </HostProvider>
        </QueryClientProvider>
      </StrictMode>,
    ),
  (thrown: unknown) => root.render(<Failed failure={CommandFailed.from(thrown)} />),
);
