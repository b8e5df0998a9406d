import type { BackEndAt } from "../wire/wire";

/**
 * Where a back end is asked, as a person writes it: `http://host:9090/path` from this machine, or
 * `namespace/service:port/path` through the API server (`https:` before it where the Service speaks TLS).
 */
export function placeOf(text: string): BackEndAt | { wrong: string } {
  const plain = text.trim();
  if (/^https?:\/\//.test(plain)) {
    try {
      return { through: "address", url: new URL(plain).toString().replace(/\/$/, ""), ca_file: null };
    } catch {
      return { wrong: "This is no address." };
    }
  }
  const service = /^(https:)?([a-z0-9-]+)\/([a-z0-9-]+):(\d{1,5})(\/.*)?$/.exec(plain);
  if (!service) return { wrong: "Write http://host:port, or namespace/service:port." };
  const [, https, namespace = "", name = "", digits = "", path = ""] = service;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return { wrong: "A port is between 1 and 65535." };
  return { through: "service", namespace, name, port, https: https !== undefined, path: path.replace(/\/$/, "") };
}

export function placeText(at: BackEndAt): string {
  return at.through === "address" ? at.url : `${at.https ? "https:" : ""}${at.namespace}/${at.name}:${at.port}${at.path}`;
}
