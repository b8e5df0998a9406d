import { useCallback, useEffect, useRef, useState } from "react";
import { go, NOWHERE, type Place, stay, toHash, useRoute } from "../app/route";

/** What is dragged is not written on every step: the web view refuses an address that changes a hundred times in half a minute. */
const SETTLED_MS = 350;

/**
 * What of a case is shown. It is kept in the address, so that a link leads to it and "back" comes back to it: what is
 * chosen and which panel is large are steps, the time alone is not.
 */
export function usePlace(id: string): [Place, (change: Partial<Place>) => void] {
  const route = useRoute();
  const here = route.at === "case" && route.case === id;
  const linked = here ? (route.place ?? NOWHERE) : NOWHERE;
  const linkedKey = keyOf(id, linked);
  const [place, setPlace] = useState(linked);
  const key = keyOf(id, place);
  const written = useRef(linkedKey);
  const last = useRef(linked);

  useEffect(() => {
    if (!here || linkedKey === written.current) return;
    written.current = linkedKey;
    last.current = linked;
    setPlace(linked);
  }, [here, linkedKey]);

  useEffect(() => {
    if (!here || key === written.current) return;
    const timer = setTimeout(() => {
      const isStep = keyOf(id, { ...place, time: null }) !== keyOf(id, { ...last.current, time: null });
      written.current = key;
      last.current = place;
      (isStep ? go : stay)({ at: "case", case: id, place });
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [here, key]);

  return [place, useCallback((change) => setPlace((was) => ({ ...was, ...change })), [])];
}

const keyOf = (id: string, place: Place) => toHash({ at: "case", case: id, place });
