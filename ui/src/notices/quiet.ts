/** Hours in which the desktop is not told of anything, in minutes of the engineer's own day. */
export interface Quiet {
  from: number;
  until: number;
}

const DAY = 24 * 60;

/** Whether a minute of the day is quiet: from `from` on, up to `until`, which may be of the next day. Equal ends: never. */
export function isQuiet({ from, until }: Quiet, minute: number): boolean {
  if (from === until) return false;
  return from < until ? minute >= from && minute < until : minute >= from || minute < until;
}

/** `22:30` as the minute of the day; null for what is none. */
export function minuteFrom(text: string): number | null {
  const found = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  const minute = found ? Number(found[1]) * 60 + Number(found[2]) : Number.NaN;
  return minute >= 0 && minute < DAY && Number(found?.[2]) < 60 ? minute : null;
}

export const minuteText = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** The minute of the engineer's own day. */
export const minuteOfDay = (date: Date): number => date.getHours() * 60 + date.getMinutes();
