import { useLayoutEffect } from "react";
import { useKeys } from "../app/keys";
import { go } from "../app/route";
import { Button, dayOf, minuteOf, zoneOf } from "../kit";
import { useNow } from "../kit/now";
import { testids } from "../testids";
import { NightCase } from "./NightCase";
import { NightIncidents } from "./NightIncidents";
import "./night.css";

/** The 3 a.m. mode: large type, low light, nothing that moves, and only what matters now. */
export function Night({ id }: { id: string | null }) {
  const now = useNow(10_000);
  // The light of the whole window, dialogs too.
  useLayoutEffect(() => {
    document.documentElement.dataset["night"] = "on";
    return () => void delete document.documentElement.dataset["night"];
  }, []);
  const leave = () => go(id ? { at: "case", case: id } : { at: "incidents" });
  useKeys([{ keys: "m", title: "Leave the 3 a.m. mode", group: "Window", run: leave }]);
  return (
    <div className="night" data-testid={testids.night}>
      <header className="night-bar">
        <time className="night-clock mono" dateTime={new Date(now / 1000).toISOString()}>
          {minuteOf(now)}
        </time>
        <span className="faint">
          {dayOf(now)} · {zoneOf(now)}
        </span>
        <span className="bar-space" />
        {id ? (
          <Button tone="quiet" onClick={() => go({ at: "night", case: null })}>
            All incidents
          </Button>
        ) : null}
        <Button tone="quiet" hint="M" onClick={leave}>
          {id ? "The whole case" : "The whole window"}
        </Button>
      </header>
      <div className="night-room">{id ? <NightCase key={id} id={id} /> : <NightIncidents />}</div>
    </div>
  );
}
