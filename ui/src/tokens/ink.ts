/** The tokens that a canvas needs, read once per theme from the style sheet so that no colour is written twice. */
export interface Ink {
  ground: string;
  panel: string;
  raised: string;
  chosen: string;
  line: string;
  lineStrong: string;
  text: string;
  text2: string;
  text3: string;
  ink: string;
  onInk: string;
  critical: string;
  major: string;
  minor: string;
  info: string;
  decide: string;
  hatch: string;
  fontText: string;
  fontMono: string;
}

export function readInk(element: Element): Ink {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    ground: token("--ground"),
    panel: token("--panel"),
    raised: token("--raised"),
    chosen: token("--chosen"),
    line: token("--line"),
    lineStrong: token("--line-strong"),
    text: token("--text"),
    text2: token("--text-2"),
    text3: token("--text-3"),
    ink: token("--ink"),
    onInk: token("--on-ink"),
    critical: token("--critical"),
    major: token("--major"),
    minor: token("--minor"),
    info: token("--info"),
    decide: token("--decide"),
    hatch: token("--hatch"),
    fontText: token("--font-text"),
    fontMono: token("--font-mono"),
  };
}
