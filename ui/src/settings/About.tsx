import { useAnswer } from "../ipc";
import { Failed, Loading } from "../kit";
import { Words } from "../kit/words";

export function AboutPart() {
  const about = useAnswer("about", {});
  if (about.error) return <Failed failure={about.error} retry={() => void about.refetch()} />;
  if (!about.data) return <Loading what="Asking the program…" rows={2} />;
  const { version, state_dir, log_dir, warnings } = about.data;
  return (
    <>
      <dl className="pairs">
        <dt>version</dt>
        <dd className="mono">{version}</dd>
        <dt>histories, cases, settings</dt>
        <dd className="mono">{state_dir}</dd>
        <dt>logs</dt>
        <dd className="mono">{log_dir}</dd>
      </dl>
      <h3 className="label settings-label">What this run goes on without</h3>
      {warnings.length === 0 ? (
        <p className="small soft">Nothing: everything it needs is there.</p>
      ) : (
        <ul className="rules">
          {warnings.map((w) => (
            <li key={w.what}>
              <Words text={`${w.what}: ${w.why} ${w.hint}`} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
