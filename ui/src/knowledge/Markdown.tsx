import type { ReactNode } from "react";

/**
 * The Markdown that knowledge files use: headings, paragraphs, lists, code, strong, emphasis. It is built as elements, so
 * whatever the text contains stays text; links and images are shown as their words.
 */
export function Markdown({ text }: { text: string }): ReactNode {
  return <div className="markdown">{blocksOf(text).map(block)}</div>;
}

type Block = { type: "heading"; level: number; text: string } | { type: "paragraph"; text: string } | { type: "list"; ordered: boolean; items: string[] } | { type: "code"; text: string } | { type: "table"; rows: string[][] };

export function blocksOf(text: string): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let i = 0;
  const line = () => lines[i] ?? "";
  while (i < lines.length) {
    const heading = /^(#{1,6})\s+(.*)$/.exec(line());
    const item = /^\s*([-*]|\d+\.)\s+/;
    if (!line().trim()) {
      i++;
    } else if (heading) {
      blocks.push({ type: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" });
      i++;
    } else if (line().startsWith("```")) {
      const code: string[] = [];
      for (i++; i < lines.length && !line().startsWith("```"); i++) code.push(line());
      i++;
      blocks.push({ type: "code", text: code.join("\n") });
    } else if (line().startsWith("|")) {
      const rows: string[][] = [];
      for (; i < lines.length && line().startsWith("|"); i++) {
        const cells = line().replace(/^\||\|\s*$/g, "").split("|").map((c) => c.trim());
        if (!cells.every((c) => /^:?-+:?$/.test(c))) rows.push(cells);
      }
      blocks.push({ type: "table", rows });
    } else if (item.test(line())) {
      const ordered = /^\s*\d/.test(line());
      const items: string[] = [];
      for (; i < lines.length && line().trim(); i++) {
        if (item.test(line())) items.push(line().replace(item, ""));
        else items[items.length - 1] += ` ${line().trim()}`;
      }
      blocks.push({ type: "list", ordered, items });
    } else {
      const words: string[] = [];
      for (; i < lines.length && line().trim() && !/^(#{1,6}\s|```|\|)/.test(line()) && !item.test(line()); i++) words.push(line().trim());
      blocks.push({ type: "paragraph", text: words.join(" ") });
    }
  }
  return blocks;
}

function block(b: Block, key: number): ReactNode {
  switch (b.type) {
    case "heading":
      return b.level <= 2 ? <h3 key={key}>{inline(b.text)}</h3> : <h4 key={key}>{inline(b.text)}</h4>;
    case "paragraph":
      return <p key={key}>{inline(b.text)}</p>;
    case "code":
      return <pre key={key}>{b.text}</pre>;
    case "list": {
      const items = b.items.map((item, i) => <li key={i}>{inline(item)}</li>);
      return b.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
    case "table":
      return (
        <table key={key}>
          <tbody>
            {b.rows.map((row, i) => (
              <tr key={i}>{row.map((cell, n) => (i === 0 ? <th key={n}>{inline(cell)}</th> : <td key={n}>{inline(cell)}</td>))}</tr>
            ))}
          </tbody>
        </table>
      );
  }
}

function inline(text: string): ReactNode[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*|!?\[[^\]]*\]\([^)]*\))/).map((part, i) => {
    if (part.startsWith("`")) return <code key={i}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**")) return <strong key={i}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("*") && part.length > 2) return <em key={i}>{part.slice(1, -1)}</em>;
    const link = /^!?\[([^\]]*)\]\(([^)]*)\)$/.exec(part);
    if (link) return <span key={i} title={link[2]}>{link[1]}</span>;
    return part;
  });
}
