/**
 * Whether a context's name says that people depend on it: a part of the name is `prod`, `prd` or `production`, with a
 * number or a region grown on (`prod2`, `prodeu`), and nothing before it takes that back (`non-prod`, `pre-prod`).
 */
export function looksLikeProduction(name: string): boolean {
  const parts = name.toLowerCase().split(/[^a-z0-9]+/);
  return parts.some((part, i) => /^(prod(?!uct(?!ion))|prd(\d|$))/.test(part) && !/^(non|not|no|pre)$/.test(parts[i - 1] ?? ""));
}
