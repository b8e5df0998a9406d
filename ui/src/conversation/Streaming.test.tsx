import { act, fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";
import { CASE } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { listening, mount, requests } from "../testing/show";
import type { Budget, Spent, Update } from "../wire/wire";
import { foldCase } from "../case/fold";
import { BeforeSending } from "./BeforeSending";
import { BudgetMeter, Limits, limitOf, shares, USUAL } from "./Limits";
import { Conversation } from "./Conversation";
import { heard } from "./writing";
import { WritingNow } from "./WritingNow";

const piece = (from: number, text: string, more: Partial<Extract<Update, { type: "answering" }>> = {}): Update => ({ type: "answering", case: CASE, speaker: "coordinator", turn: 1, from, text, ...more });
const spent: Spent = { answers: 4, bytes: 0, input_tokens: 300_000, cached_tokens: 0, output_tokens: 20_000, micro_dollars: null, millis: 60_000 };

describe("an answer that is being written", () => {
  it("is put together from its pieces, and a piece that does not follow is left out", () => {
    const first = heard(null, piece(0, "The volume "), CASE);
    expect(heard(first, piece(11, "is full"), CASE)?.text).toBe("The volume is full");
    expect(heard(first, piece(14, "full"), CASE)).toBe(first);
    expect(heard(first, piece(11, "x", { turn: 2 }), CASE)).toBe(first);
    expect(heard(first, piece(11, "x", { case: "another" }), CASE)).toBe(first);
    expect(heard(first, piece(0, "Anew", { turn: 2 }), CASE)?.text).toBe("Anew");
  });

  it("is shown as it grows and gives way to what the case holds", () => {
    const inner = recordedHost(demo, 0);
    let tell: (update: Update) => void = () => undefined;
    const host = { ...listening(inner), subscribe: (listener: (update: Update) => void) => ((tell = listener), () => undefined) };
    const window = mount(<WritingNow caseId={CASE} lastSeq={1} />, host);
    act(() => tell(piece(0, "<b>The volume")));
    act(() => tell(piece(13, " is full")));
    expect(screen.getByTestId(testids.writing).textContent).toContain("coordinator writes <b>The volume is full");
    window.unmount();
    mount(<WritingNow caseId={CASE} lastSeq={2} />, host);
    expect(screen.queryByTestId(testids.writing)).toBeNull();
  });
});

describe("the conversation while an answer is written", () => {
  it("goes with it as long as the reader is at its end, and stays where the reader went", () => {
    const grown: (() => void)[] = [];
    const before = globalThis.ResizeObserver;
    globalThis.ResizeObserver = class {
      constructor(told: ResizeObserverCallback) {
        grown.push(() => told([], this));
      }
      observe() {}
      unobserve() {}
      disconnect() {}
    };
    mount(<Conversation caseId={CASE} state={foldCase([])} time={null} asked={null} onLeaves={() => undefined} onBranch={() => undefined} />);
    globalThis.ResizeObserver = before;
    const log = screen.getByTestId(testids.conversation);
    let height = 500;
    Object.defineProperty(log, "scrollHeight", { get: () => height });
    Object.defineProperty(log, "clientHeight", { get: () => 400 });
    const grow = (to: number) => act(() => ((height = to), grown.forEach((told) => told())));
    grow(700);
    expect(log.scrollTop).toBe(700);
    log.scrollTop = 20;
    fireEvent.scroll(log);
    grow(900);
    expect(log.scrollTop).toBe(20);
  });
});

describe("what a model may take", () => {
  it("is a number in each field's own unit, or nothing", () => {
    expect(limitOf("2", 60, 1_440)).toBe(120);
    expect(limitOf("0.25", 1_000_000, 10_000)).toBe(250_000);
    for (const wrong of ["", "0", "-3", "many", "1441"]) expect(limitOf(wrong, 60, 1_440)).toBeNull();
  });

  it("is set in a form that keeps what was right", async () => {
    const person = userEvent.setup();
    let budget: Budget = USUAL;
    mount(<Limits model="laptop" budget={USUAL} set={(next) => (budget = next)} />);
    await person.click(screen.getByText("What it may take"));
    const calls = screen.getByTestId(testids.limit("calls"));
    await person.clear(calls);
    expect(calls.getAttribute("aria-invalid")).toBe("true");
    await person.type(calls, "4");
    expect(budget).toEqual({ ...USUAL, calls: 4 });
    await person.type(screen.getByTestId(testids.limit("micro_dollars")), "1");
    expect(budget.micro_dollars).toBe(1_000_000);
  });

  it("says that a limit in dollars needs a price", async () => {
    const costly = { ...USUAL, micro_dollars: 1_000_000 };
    const shown = mount(<Limits model="laptop" budget={costly} set={() => {}} />);
    expect((await screen.findByTestId(testids.limitUnpriced)).textContent).toContain("would never count");
    shown.unmount();
    mount(<Limits model="house" budget={costly} set={() => {}} />);
    await act(async () => void (await new Promise((done) => setTimeout(done, 20))));
    expect(screen.queryByTestId(testids.limitUnpriced)).toBeNull();
  });

  it("says which limit is nearest", () => {
    expect(shares(spent, USUAL).map((one) => one.of)).toEqual(["tokens", "questions", "minutes"]);
    mount(<BudgetMeter spent={spent} budget={USUAL} />);
    expect(screen.getByTestId(testids.budgetMeter).textContent).toContain("80 % of its tokens");
  });
});

describe("the first request", () => {
  it("is shown exactly before it leaves, and leaves when that is said", async () => {
    const person = userEvent.setup();
    const inner = recordedHost(demo, 0);
    const body = '{"model":"house","messages":[]}';
    const host = listening({ ...inner, call: ((name: never, request: never) => (name === "case_leaves" ? Promise.resolve({ text: body, bytes: body.length, waits: true }) : inner.call(name, request))) as typeof inner.call });
    mount(<BeforeSending caseId={CASE} model="house" />, host);
    expect((await screen.findByTestId(testids.beforeSendingText)).textContent).toBe(body);
    await person.click(screen.getByTestId(testids.beforeSendingSend));
    expect(requests("investigation_send")).toEqual([{ case: CASE }]);
  });

  it("is not spoken of when nothing waits", async () => {
    const host = listening();
    mount(<BeforeSending caseId={CASE} model="house" />, host);
    await act(async () => void (await host.call("case_leaves", { case: CASE })));
    expect(screen.queryByTestId(testids.beforeSending)).toBeNull();
  });
});
