import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { useKeyboard } from "../app/keys";
import { CaseScreen } from "../case/CaseScreen";
import { useUpdates } from "../ipc";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";
import { CASE } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { listening, mount, requests } from "../testing/show";

const person = userEvent.setup();
const patient = { timeout: 20_000 };

function Window() {
  useUpdates();
  useKeyboard();
  return <CaseScreen id={CASE} />;
}

it("one key begins an investigation, the same key stops it, and it goes on where it stopped", async () => {
  // Slow enough to be caught at work.
  mount(<Window />, listening(recordedHost(demo, 1_500)));
  await screen.findByTestId(testids.investigate, {}, patient);
  await person.keyboard("i");
  await screen.findByTestId(testids.stop, {}, patient);
  await person.keyboard("i");
  expect(requests("investigation_stop")).toEqual([]);
  await waitFor(() => expect(screen.getByTestId(testids.stop).getAttribute("aria-disabled")).toBeNull(), patient);
  await person.keyboard("i");
  await waitFor(() => expect(screen.getByTestId(testids.conversation).textContent).toContain("Stopped: the engineer stopped it"), patient);
  expect(requests("investigation_stop")).toEqual([{ case: CASE }]);
  expect(requests("investigation_start")).toHaveLength(1);
  expect(screen.queryByTestId(testids.stop)).toBeNull();
  expect((await screen.findByTestId(testids.investigate, {}, patient)).textContent).toContain("Go on");
  await person.keyboard("i");
  await screen.findByTestId(testids.pendingCall, {}, patient);
  expect(requests("investigation_start")).toHaveLength(2);
});
