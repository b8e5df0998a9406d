import type { ReactNode } from "react";
import { useKeys } from "../app/keys";
import { go, toHash } from "../app/route";
import { testids } from "../testids";
import { AboutPart } from "./About";
import { Appearance } from "./Appearance";
import { CallsPart } from "./Calls";
import { ClustersPart } from "./Clusters";
import { HistoryPart } from "./History";
import { KeysPart } from "./Keys";
import { LoginsPart } from "./Logins";
import { ModelsPart } from "./Models";
import { NoticesPart } from "./Notices";
import { ServersPart } from "./Servers";
import { SourcesPart } from "./Sources";
import { parts, type SettingsPart } from "./parts";
import "./settings.css";

const shown: Record<SettingsPart, () => ReactNode> = {
  sources: () => <SourcesPart />,
  history: () => <HistoryPart />,
  logins: () => <LoginsPart />,
  clusters: () => <ClustersPart />,
  calls: () => <CallsPart />,
  models: () => <ModelsPart />,
  servers: () => <ServersPart />,
  notices: () => <NoticesPart />,
  appearance: () => <Appearance />,
  keys: () => <KeysPart />,
  about: () => <AboutPart />,
};

/** What the engineer sets for this machine. Everything counts at once; nothing has to be saved. */
export function Settings({ part }: { part: SettingsPart | null }) {
  const here = part ?? parts[0][0];
  const index = parts.findIndex(([name]) => name === here);
  const to = (by: number) => go({ at: "settings", part: parts[(index + by + parts.length) % parts.length]?.[0] ?? null });
  const [, title, words] = parts[index] ?? parts[0];
  useKeys([
    { keys: "j", title: "Next part of the settings", group: "Settings", run: () => to(1) },
    { keys: "k", title: "Previous part of the settings", group: "Settings", run: () => to(-1) },
  ]);
  return (
    <div className="settings" data-testid={testids.settings}>
      <header className="bar">
        <h1 className="bar-title">Settings</h1>
      </header>
      <nav className="settings-parts" aria-label="Parts of the settings">
        <ul>
          {parts.map(([name, text]) => (
            <li key={name}>
              <a href={toHash({ at: "settings", part: name })} aria-current={name === here ? "page" : undefined} data-testid={testids.settingsPart} data-part={name}>
                {text}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <section key={here} className="settings-part" aria-labelledby="settings-title" data-part={here} tabIndex={-1}>
        <div className="settings-room">
          <h2 id="settings-title">{title}</h2>
          <p className="soft settings-words">{words}</p>
          {shown[here]()}
        </div>
      </section>
    </div>
  );
}
