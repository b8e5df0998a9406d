import { toHash } from "../app/route";
import { ObjectName } from "../kit";
import type { ClusterId, ObjectRef } from "../wire/wire";

/** An object's name that leads to the object, as it is now. */
export function ObjectLink({ cluster, object }: { cluster: ClusterId; object: ObjectRef }) {
  return (
    <a className="object-link" href={toHash({ at: "object", cluster, object, time: null })}>
      <ObjectName object={object} />
    </a>
  );
}
