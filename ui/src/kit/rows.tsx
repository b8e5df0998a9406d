import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

interface Props<T> {
  items: readonly T[];
  idOf: (item: T) => string;
  /** About how tall a row is, in pixels; its real height is measured. */
  tall: number;
  /** The row that is to be seen whenever it becomes another one. */
  at?: string | null;
  label?: string;
  testid?: string;
  children: (item: T) => ReactNode;
}

/** Rows that are drawn beyond what is seen, so that Tab finds the next one there. */
const BEYOND = 8;
const PAGE = 10;

/**
 * A list of which only what is seen is in the document, and the row that has the focus. It stands in what scrolls, with other
 * things above and below it. Every row says its place among all; arrows, Page, Home and End move the focus through it.
 */
export function Rows<T>({ items, idOf, tall, at = null, label, testid, children }: Props<T>) {
  const list = useRef<HTMLOListElement>(null);
  const [margin, setMargin] = useState(0);
  const [focused, setFocused] = useState<string | null>(null);
  // A row that is to have the focus once it is drawn.
  const wanted = useRef<string | null>(null);
  const indexOf = (id: string | null) => (id === null ? -1 : items.findIndex((item) => idOf(item) === id));
  const held = indexOf(focused);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => list.current?.parentElement ?? null,
    estimateSize: () => tall,
    overscan: BEYOND,
    scrollMargin: margin,
    initialRect: { width: 900, height: 800 },
    getItemKey: (i) => {
      const item = items[i];
      return item === undefined ? i : idOf(item);
    },
    // What has the focus stays in the document when it is scrolled away.
    rangeExtractor: useCallback((range: Range) => (held < 0 ? defaultRangeExtractor(range) : [...new Set([...defaultRangeExtractor(range), held])].sort((a, b) => a - b)), [held]),
  });
  useLayoutEffect(() => {
    const scrolls = list.current?.parentElement;
    if (!list.current || !scrolls) return;
    const above = Math.round(list.current.getBoundingClientRect().top - scrolls.getBoundingClientRect().top + scrolls.scrollTop);
    if (above !== margin) setMargin(above);
  });
  const place = indexOf(at);
  useEffect(() => {
    if (place >= 0) virtual.scrollToIndex(place, { align: "auto" });
    // Only when another row is to be seen: a list that grows stays where it is.
  }, [at]);
  useEffect(() => {
    if (wanted.current === null) return;
    const row = [...(list.current?.children ?? [])].find((one) => (one as HTMLElement).dataset["row"] === wanted.current);
    const target = row?.querySelector<HTMLElement>("a, button");
    if (!target) return;
    wanted.current = null;
    target.focus({ preventScroll: true });
  });

  function onKeyDown(event: KeyboardEvent) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || held < 0) return;
    const by: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -items.length, End: items.length };
    const step = by[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(Math.max(held + step, 0), items.length - 1);
    const item = items[next];
    if (item === undefined) return;
    wanted.current = idOf(item);
    // Held before it is scrolled to, it is drawn at once however far away it is.
    setFocused(idOf(item));
    virtual.scrollToIndex(next, { align: "auto" });
  }

  return (
    <ol ref={list} className="rows" role="list" aria-label={label} data-testid={testid} style={{ height: virtual.getTotalSize() }} onKeyDown={onKeyDown} onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && wanted.current === null && setFocused(null)}>
      {virtual.getVirtualItems().map(({ key, index, start }) => {
        const item = items[index];
        return item === undefined ? null : (
          <li key={key} ref={virtual.measureElement} data-index={index} data-row={key} className="rows-place" aria-setsize={items.length} aria-posinset={index + 1} style={{ transform: `translateY(${start - margin}px)` }} onFocus={() => setFocused(idOf(item))}>
            {children(item)}
          </li>
        );
      })}
    </ol>
  );
}
