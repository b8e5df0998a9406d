import type { Author, CaseFact, CaseView, ClusterId, ClusterState } from "../wire/wire";
import type { CommandName, Request, Response } from "./host";

/** One recorded answer. `request` names the arguments that must be equal; `at` is the latest recorded one before what is asked. */
export type Answer = {
  [N in CommandName]: { name: N; request: Partial<Request<N>>; response: Response<N> };
}[CommandName];

/** A step of an investigation that has not happened yet. */
export interface Scripted {
  author: Author;
  fact: CaseFact;
}

/** What a window shows without a core behind it. */
export interface Recording {
  answers: Answer[];
  /** What a closed cluster goes through when it is opened, one state after the other. */
  opened: Record<ClusterId, ClusterState[]>;
  /** Cases as they stand. */
  cases: CaseView[];
  /** What happens in a case after "investigate", up to each question and on from each answer. */
  scripts: Record<string, Scripted[]>;
  /** What happens instead where a model investigates. */
  argued?: (model: string) => Scripted[];
}
