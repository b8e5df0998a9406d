import { StyleModule } from "style-mod";

/**
 * CodeMirror writes its styles into a `style` element, which the window's content security policy refuses; in a shadow
 * root it uses a constructed sheet, which needs no inline style. Its library keeps one set of styles for each root under
 * a symbol: the set of a throw-away shadow root is put under the document's too, so that editors in the document are
 * styled by the constructed sheet as well. Should the library change, the editor is unstyled and works all the same.
 */
export function adoptConstructedSheet(): void {
  const roots = document as unknown as Record<symbol, unknown>;
  const shadow = document.createElement("div").attachShadow({ mode: "open" });
  if (!("adoptedStyleSheets" in shadow)) return;
  StyleModule.mount(shadow, []);
  for (const symbol of Object.getOwnPropertySymbols(shadow)) {
    if (symbol.description === "styleSet") roots[symbol] ??= (shadow as unknown as Record<symbol, unknown>)[symbol];
  }
}
