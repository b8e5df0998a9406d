import type { ObjectRef, Time } from "../../../wire/wire";

export const CLUSTER = "cluster:playground";
const START = Date.now() * 1000;

/** A moment some minutes before the recording was opened. */
export const ago = (minutes: number): Time => Math.round(START - minutes * 60e6);

export function ref(text: string): ObjectRef {
  const [kind = "", namespace = "", name = ""] = text.split("/");
  return { kind, namespace, name };
}

export const cart = ref("Deployment/shop/cart");
export const checkout = ref("Deployment/shop/checkout");
export const frontend = ref("Deployment/shop/frontend");
export const recommendation = ref("Deployment/shop/recommendation");
export const reports = ref("StatefulSet/shop/reports");
