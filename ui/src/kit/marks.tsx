import type { Category, Risk, Severity } from "../wire/wire";

const severityShape: Record<Severity, string> = {
  critical: "M8 1 15 8 8 15 1 8Z",
  major: "M8 2 15 14 1 14Z",
  minor: "M3 3 13 3 13 13 3 13Z",
  info: "M8 3a5 5 0 1 1 0 10a5 5 0 0 1 0-10Z",
};

/** Severity by shape as well as by colour: diamond, triangle, square, ring. */
export function SeverityMark({ severity, label = true }: { severity: Severity; label?: boolean }) {
  return (
    <svg className={`severity severity-${severity}`} viewBox="0 0 16 16" width="12" height="12" role={label ? "img" : undefined} aria-label={label ? severity : undefined} aria-hidden={label ? undefined : true}>
      <path d={severityShape[severity]} />
    </svg>
  );
}

const categoryNames: Record<Category, string> = {
  "resource-exhaustion": "Resource exhaustion",
  "image-deployment": "Image & deployment",
  "config-secrets": "Config & secret management",
  cascading: "Cascading failure",
  storage: "Storage & persistence",
  "app-infra": "App vs infra",
};

const categoryPaths: Record<Category, string> = {
  // A gauge at its end.
  "resource-exhaustion": "M2 12a6 6 0 1 1 12 0M8 12l4-4.5M2 12h1.5M12.5 12H14M8 6v1.5",
  // A layered image on its way up.
  "image-deployment": "M8 1.5 14 4.5 8 7.5 2 4.5ZM2 8l6 3 6-3M2 11.5l6 3 6-3",
  // A key.
  "config-secrets": "M5 8a3 3 0 1 0 0 .01M7.5 9H14M14 9v3M11 9v2.2",
  // One that takes others with it.
  cascading: "M3.5 6.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4ZM12.5 4.2a1.7 1.7 0 1 0 0-.01M12.5 13.7a1.7 1.7 0 1 0 0-.01M5.2 4.5h5.6M4.6 5.8 11.2 12",
  // A volume.
  storage: "M2.5 4c0-1.4 2.5-2.3 5.5-2.3s5.5.9 5.5 2.3-2.5 2.3-5.5 2.3S2.5 5.4 2.5 4ZM2.5 4v8c0 1.4 2.5 2.3 5.5 2.3s5.5-.9 5.5-2.3V4M2.5 8c0 1.4 2.5 2.3 5.5 2.3s5.5-.9 5.5-2.3",
  // A pulse in a window.
  "app-infra": "M1.5 3h13v10h-13ZM1.5 8.5h3.5l1.5-2.5 2.5 4.5 1.5-2h4",
};

export const categoryName = (category: Category): string => categoryNames[category];

export function CategoryGlyph({ category }: { category: Category }) {
  return (
    <svg className="glyph" viewBox="0 0 16 16" width="16" height="16" role="img" aria-label={categoryNames[category]}>
      <title>{categoryNames[category]}</title>
      <path d={categoryPaths[category]} />
    </svg>
  );
}

const riskNames: Record<Risk, string> = {
  read: "reads",
  "read-sensitive": "reads sensitive things",
  write: "changes the cluster",
  destructive: "destroys something",
};

export const riskName = (risk: Risk): string => riskNames[risk];

/** What a call can do, with a bar for each step of danger. */
export function RiskMark({ risk }: { risk: Risk }) {
  const level = { read: 1, "read-sensitive": 2, write: 3, destructive: 4 }[risk];
  return (
    <span className={`risk risk-${risk}`}>
      <span className="risk-bars" aria-hidden="true">
        {[1, 2, 3, 4].map((n) => (
          <i key={n} data-on={n <= level} />
        ))}
      </span>
      {riskNames[risk]}
    </span>
  );
}

/** The product's mark: the lines of a board, and a lens on the one decision. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg className="brand-mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <path d="M5 8h22M5 16h7M5 24h4" />
      <circle cx="20" cy="19.5" r="6.8" />
      <path d="m25.2 24.7 3 3" />
    </svg>
  );
}
