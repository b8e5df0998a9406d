import { createContext, useContext } from "react";
import type { Time } from "../wire/wire";

/**
 * What the past is asked by: how things were then, by all that is known today (`false`), or what was known then and nothing
 * that was learnt later (`true`). It holds for everything that a screen shows of a time.
 */
const KnownContext = createContext(false);
export const KnownProvider = KnownContext.Provider;
export const useKnown = (): boolean => useContext(KnownContext);

/** The part of a request that says which time is asked about. Now is all that is known. */
export const asOf = (at: Time | null, known: boolean): { at: Time | null; known?: true } => (known && at !== null ? { at, known: true } : { at });

/** Whether something that happened and was learnt at these times is not there yet at a moment. */
export const isLater = ({ at, seen_at }: { at: Time; seen_at: Time }, time: Time | null, known: boolean): boolean => time !== null && (known ? Math.max(at, seen_at) : at) > time;
