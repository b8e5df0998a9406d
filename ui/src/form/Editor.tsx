import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter, setDiagnostics } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { adoptConstructedSheet } from "./sheet";

interface Props {
  text: string;
  onChange: (text: string) => void;
  language: "json" | "yaml" | "markdown";
  label: string;
  /** The text that differences are shown against. */
  original?: string;
  /** What is wrong, by lines counted from 1: marked in the text and at its edge. */
  issues?: readonly { line: number; what: string; hint: string }[];
  /** A line to go to; a new object goes there again. */
  at?: { line: number } | null;
  testid?: string;
}

const look = EditorView.theme({
  "&": { fontSize: "12px", color: "var(--text)", backgroundColor: "var(--well)", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "18px", fontFeatureSettings: '"calt" 0' },
  ".cm-gutters": { backgroundColor: "var(--well)", color: "var(--text-3)", border: "none" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--line-strong)" },
  ".cm-changedLine": { backgroundColor: "var(--added-wash) !important" },
  ".cm-changedText": { background: "none !important", textDecoration: "underline", color: "var(--added)" },
  ".cm-deletedChunk": { backgroundColor: "var(--removed-wash)", color: "var(--removed)" },
  ".cm-diagnostic": { fontFamily: "var(--font-text)", fontSize: "11px" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", border: "1px solid var(--line-strong)", color: "var(--text)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--text-2)" },
  { tag: [tags.string, tags.number, tags.bool, tags.null, tags.content], color: "var(--ink)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], color: "var(--text-3)" },
]);

adoptConstructedSheet();

const NONE: readonly { line: number; what: string; hint: string }[] = [];

/** A text editor for JSON, YAML and Markdown. */
export default function Editor({ text, onChange, language, label, original, issues = NONE, at = null, testid }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const change = useRef(onChange);
  change.current = onChange;

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const extensions: Extension[] = [
      lineNumbers(),
      history(),
      indentOnInput(),
      bracketMatching(),
      syntaxHighlighting(colours),
      look,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      language === "json" ? [json(), linter(jsonParseLinter())] : language === "yaml" ? yaml() : lintGutter(),
      original === undefined ? [] : unifiedMergeView({ original, mergeControls: false, highlightChanges: true, gutter: false }),
      // Escape leaves the editor, so that Tab can indent and the keyboard is not caught.
      keymap.of([{ key: "Escape", run: (v) => (v.contentDOM.blur(), false) }, ...defaultKeymap, ...historyKeymap, indentWithTab]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) change.current(update.state.doc.toString());
      }),
    ];
    const made = new EditorView({ state: EditorState.create({ doc: text, extensions }), parent: element });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
    // A new language or a new original is a new editor; the text is kept in step below.
  }, [language, original, label]);

  useEffect(() => {
    const made = view.current;
    if (made && made.state.doc.toString() !== text) made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: text } });
  }, [text]);

  useEffect(() => {
    const made = view.current;
    if (!made) return;
    const { doc } = made.state;
    const diagnostics = issues.map(({ line, what, hint }): Diagnostic => {
      const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
      return { from, to, severity: "error", message: `${what}. ${hint}` };
    });
    made.dispatch(setDiagnostics(made.state, diagnostics));
  }, [issues, language]);

  useEffect(() => {
    const made = view.current;
    if (!made || !at) return;
    const { from } = made.state.doc.line(Math.min(Math.max(at.line, 1), made.state.doc.lines));
    made.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    made.focus();
  }, [at]);

  return <div className="editor" ref={place} data-testid={testid} />;
}
