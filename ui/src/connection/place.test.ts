import { expect, it } from "vitest";
import { placeOf, placeText } from "./place";

it("reads where a back end is asked, and writes it the same way", () => {
  for (const text of ["http://127.0.0.1:9090", "https://metrics.example.internal/prom", "monitoring/prometheus:9090", "https:monitoring/thanos:443/api"]) {
    const place = placeOf(text);
    expect(place, text).not.toHaveProperty("wrong");
    if (!("wrong" in place)) expect(placeText(place)).toBe(text);
  }
});

it("says what is wrong with what names no place", () => {
  for (const text of ["", "prometheus", "monitoring/prometheus", "monitoring/prometheus:99999", "http://"]) expect(placeOf(text), text).toHaveProperty("wrong");
});
