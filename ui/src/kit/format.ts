import type { ObjectRef, Time } from "../wire/wire";

/** Numbers, dates and durations are written here and nowhere else. Times are microseconds since 1970 in UTC. */
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
  timeZoneName: "short",
});

export const toDate = (time: Time): Date => new Date(time / 1000);
export const nowTime = (): Time => Date.now() * 1000;

/** `03:14:07` */
export const clockOf = (time: Time): string => clock.format(toDate(time));
/** `03:14` */
export const minuteOf = (time: Time): string => minute.format(toDate(time));
/** `23 Nov`; of another year than this one `23 Nov 2025` */
export const dayOf = (time: Time): string => (toDate(time).getFullYear() === new Date().getFullYear() ? day : dayAndYear).format(toDate(time));
/** `23 Nov 2026, 03:14:07 UTC` */
export const fullOf = (time: Time): string => full.format(toDate(time));

/** `03:14:07` today, `22 Nov 03:14:07` otherwise, with its year where that is another one. */
export function momentOf(time: Time, now: Time): string {
  return dayOf(time) === dayOf(now) ? clockOf(time) : `${dayOf(time)} ${clockOf(time)}`;
}

/** The zone that all times are shown in, such as `UTC` or `GMT+2`. */
export function zoneOf(time: Time): string {
  const part = full.formatToParts(toDate(time)).find((p) => p.type === "timeZoneName");
  return part?.value ?? "";
}

/** A span of microseconds in at most two units: `8 s`, `4 min`, `2 h 10 min`, `3 d 4 h`. */
export function spanOf(micros: number): string {
  const seconds = Math.max(0, Math.round(micros / 1e6));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 && minutes < 5 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 && days < 7 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** `0 %` to `100 %`, never a false certainty. */
export function percentOf(probability: number): string {
  if (probability > 0 && probability < 0.01) return "<1 %";
  if (probability < 1 && probability > 0.99) return ">99 %";
  return `${Math.round(probability * 100)} %`;
}

/** `1 call`, `2 calls` */
export const countOf = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** `0 B`, `184 kB`, `3.4 MB`, `2 GB`: steps of 1024, as disks are filled. */
export function bytesOf(bytes: number): string {
  let [value, unit] = [bytes, 0];
  const units = ["B", "kB", "MB", "GB", "TB"];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? "TB"}`;
}

export const objectKey = (object: ObjectRef): string => `${object.kind}/${object.namespace}/${object.name}`;

export function parseObject(text: string): ObjectRef | null {
  const [kind, namespace, name] = text.split("/");
  return kind && name ? { kind, namespace: namespace ?? "", name } : null;
}

/**
 * The object of a list that a pod is drawn at: itself, or the workload whose name its own begins with. The core says which
 * controller owns a pod; where a picture holds only workloads, this finds the place for what was read from one pod.
 */
export function homeOf(object: ObjectRef, keys: ReadonlySet<string>): string | null {
  const key = objectKey(object);
  if (keys.has(key)) return key;
  if (object.kind !== "Pod") return null;
  let best: string | null = null;
  for (const candidate of keys) {
    const [kind, namespace, name = ""] = candidate.split("/");
    if (kind === "Service" || namespace !== object.namespace || !object.name.startsWith(`${name}-`)) continue;
    if (/^(Deployment|StatefulSet|DaemonSet|Job|ReplicaSet|CronJob)$/.test(kind ?? "") && (!best || name.length > (best.split("/")[2] ?? "").length)) best = candidate;
  }
  return best;
}

export const sameObject = (a: ObjectRef | null, b: ObjectRef | null): boolean =>
  a !== null && b !== null && a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;

/** A value of a call's arguments, as one line. */
export function valueOf(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value) ?? "";
}
