import { SourcesPanel } from "../fleet/SourcesDialog";

export function SourcesPart() {
  return (
    <div className="settings-sources">
      <SourcesPanel />
    </div>
  );
}
